// Every byte the fake model says, put together once, so that answering is a copy.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "fake_model/requests.h"
#include "wire/token_mark.h"

namespace pais::bench {

struct AnswerOptions {
  std::size_t tokens = 50;        // of a streamed answer
  std::size_t answer_bytes = 64;  // of the text of a whole answer
  std::size_t tool_calls = 0;     // rounds of one tool call each before the text
  std::string tool_name = "echo";
  std::string tool_arguments = "{}";
};

class Answers {
 public:
  explicit Answers(const AnswerOptions& options);

  // Whole HTTP answers.
  const std::string& text() const { return text_; }
  const std::string& tool_call() const { return tool_call_; }
  const std::string& models() const { return models_; }
  const std::string& healthy() const { return healthy_; }
  const std::string& not_found() const { return not_found_; }
  const std::string& length_required() const { return length_required_; }

  // A stream is its opening, its tokens, and the rest; or one stream that calls the tool.
  const std::string& stream_opening() const { return stream_opening_; }
  void append_token(std::string& output, const TokenMark& mark) const;
  const std::string& stream_end(bool with_usage) const { return with_usage ? stream_end_with_usage_ : stream_end_; }
  const std::string& tool_call_stream() const { return tool_call_stream_; }

  bool calls_tool(const ChatAsked& asked) const { return asked.tool_results < tool_calls_; }
  std::size_t tokens() const { return tokens_; }

 private:
  std::size_t tokens_;
  std::size_t tool_calls_;
  std::string text_;
  std::string tool_call_;
  std::string models_;
  std::string healthy_;
  std::string not_found_;
  std::string length_required_;
  std::string stream_opening_;
  std::string stream_end_;
  std::string stream_end_with_usage_;
  std::string tool_call_stream_;
};

}  // namespace pais::bench
