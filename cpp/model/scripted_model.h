// A model that says what it was told to say (`DEBUG_MOCK_RESPONSES`): for tests, demos and agents without a model.
//
//   ["{\"tool_calls\":[{\"name\":\"add\",\"arguments\":{\"a\":1,\"b\":2}}]}","It is 3."]
//
// A JSON array is one answer an element; other JSON, or text that is none, is one answer. An answer that is an object
// with a non-empty list `tool_calls` calls tools, every other one is text. After the last comes a fixed end text.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "model/model.h"

namespace pais::model {

struct ScriptedAnswer {
  std::string text;
  std::vector<events::ToolCall> calls;
};

using Script = std::vector<ScriptedAnswer>;

inline constexpr std::string_view kScriptIsOver = "[no more mock responses]";

// Never fails: whatever cannot be read as something better is text.
Script read_script(std::string_view value);

// One run's way through a script. Usage is estimated in words and never zero. Streamed, an answer is one delta; with a
// `word_delay` it is one delta a word, each after that pause.
class ScriptedModel final : public Model {
 public:
  ScriptedModel(std::shared_ptr<const Script> script, std::string name, std::chrono::milliseconds word_delay);

  std::string name() const override { return name_; }
  Result<Answer> respond(const Request& request, Deltas& deltas, std::stop_token stop) override;

 private:
  const std::shared_ptr<const Script> script_;
  const std::string name_;
  const std::chrono::milliseconds word_delay_;
  std::size_t next_ = 0;
};

}  // namespace pais::model
