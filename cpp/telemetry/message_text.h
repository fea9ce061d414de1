// What is said between a run and its model, as the JSON text that span attributes hold: lists of
// `{"role","parts":[…]}`, as the conventions of OpenTelemetry for generative AI have them.
//
// Plain functions of their arguments. Each stops a little behind `most` bytes, for what is longer is cut anyway.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "events/run_event.h"

namespace pais::telemetry {

// All of `messages` but the system's, without brackets: what a list of them holds.
std::string input_messages(std::span<const events::Message> messages, std::size_t most);

// What the system says, as parts without brackets; "" where it says nothing.
std::string system_instructions(std::span<const events::Message> messages, std::size_t most);

// The model's answer, without brackets.
std::string output_message(std::string_view text, std::span<const events::ToolCall> calls, events::FinishReason finish,
                           std::size_t most);

// `[{"type":"function","name","description","parameters"}]`
std::string tool_definitions(std::span<const events::ToolOffer> tools, std::size_t most);
// pydantic-ai's `model_request_parameters`, as far as we know them.
std::string request_parameters(std::span<const events::ToolOffer> tools, std::size_t most);

// The events of form 1 of the spans: `[{"event.name":"gen_ai.user.message",…}]`.
std::string message_events(std::span<const events::Message> messages, std::size_t most);
std::string choice_event(std::string_view text, std::span<const events::ToolCall> calls, std::size_t most);

std::string_view finish_reason(events::FinishReason finish, bool called_tools);

}  // namespace pais::telemetry
