// What tests of models share: an ear for deltas, and the chunks that servers send.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "model/model.h"

namespace pais::model {

class Heard final : public Deltas {
 public:
  std::vector<std::string> texts;
  std::vector<std::string> thoughts;
  std::function<void()> at_text;

  void text(std::string_view piece) override {
    texts.emplace_back(piece);
    if (at_text) at_text();
  }
  void thinking(std::string_view piece) override { thoughts.emplace_back(piece); }
};

inline std::string delta_chunk(const std::string& delta, const std::string& finish = "null") {
  return R"({"id":"x1","object":"chat.completion.chunk","created":1,"model":"gpt","choices":[{"index":0,"delta":)" +
         delta + R"(,"finish_reason":)" + finish + "}]}";
}

inline std::string text_chunk(const std::string& text) {
  return delta_chunk(R"({"content":")" + text + R"("})");
}

inline std::string finish_chunk(const std::string& reason = "stop") {
  return delta_chunk("{}", '"' + reason + '"');
}

inline std::string whole_answer(const std::string& message, const std::string& reason = "stop") {
  return R"({"id":"x1","object":"chat.completion","created":1,"model":"gpt","choices":[{"index":0,"message":)" +
         message + R"(,"finish_reason":")" + reason +
         R"("}],"usage":{"prompt_tokens":5,"completion_tokens":2,"total_tokens":7}})";
}

inline std::string text_answer(const std::string& text) {
  return whole_answer(R"({"role":"assistant","content":")" + text + R"("})");
}

inline Request asking(std::string text, bool stream = false) {
  return {.messages = {{.role = Message::Role::user, .text = std::move(text)}}, .stream = stream};
}

}  // namespace pais::model
