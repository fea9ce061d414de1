// Tool calling with models that know nothing of it: tools are described in words, and calls are read from the text.
//
// Plain functions of their arguments. The wording of the prompt is ours, its form is the contract's
// (`Available tools:`, `No description`, `Tool result: `).
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/model.h"

namespace pais::model {

// One tool a paragraph: its name and description, and what each parameter is. "" without tools.
std::string build_tool_descriptions(std::span<const ToolOffer> tools);

// How tools are used, around the text of `build_tool_descriptions`.
std::string tool_prompt(std::string_view descriptions);

// The same conversation as plain texts: `prompt` (a tool_prompt, or "") joined to the system message, calls and results
// of tools as messages of the assistant and the user.
std::vector<Message> string_mode_messages(const std::vector<Message>& messages, std::string_view prompt);

// A call as a model writes it in its text.
struct TextCall {
  std::string name;
  std::string arguments;  // JSON text
};

// The calls in a text; none when it is an answer in words. Objects that are the whole text count whatever they call;
// beside other words only those count that call one of `offered`, so that prose may quote JSON.
std::vector<TextCall> parse_tool_calls_from_text(std::string_view text, std::span<const ToolOffer> offered);

// The same where it is not known what was offered: any name counts.
std::vector<TextCall> parse_tool_calls_from_text(std::string_view text);

// Moves the calls that `answer.text` writes to `answer.calls`, as `string_<name>_<n>`; `request` is the one as it came,
// before it was put into words. Text that can be told from its beginning to be words stays text. `model_bad_response`
// when there are too many calls or they are too long.
Result<void> read_calls_of_text(Answer& answer, const Request& request);

}  // namespace pais::model
