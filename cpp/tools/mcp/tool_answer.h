// What a tool says: how far it has come, and what it answered, in the words of the model.
#pragma once

#include <optional>
#include <string_view>

#include "nlohmann/json_fwd.hpp"

#include "events/run_event.h"
#include "tools/mcp/message.h"
#include "tools/toolset.h"

namespace pais::tools::mcp {

// Text as text, or as JSON where it is an object or an array; structured content before text that only repeats it;
// several parts as a list. What a text cannot carry (images, audio, files) becomes a note of one line.
ToolResult read_tool_answer(const nlohmann::json& result);

// What a notification of progress says; nothing when it is not of the question `id` (JSON text), or says nothing.
std::optional<events::Advance> read_progress(const nlohmann::json& params, std::string_view id);

// A refusal of bad parameters is the model's own mistake, as an unknown tool is; any other is the server's.
ToolResult read_refusal(const Refusal& refusal);

}  // namespace pais::tools::mcp
