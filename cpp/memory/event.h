// What a conversation is remembered as: a list of events, each one small JSON object on the wire.
//
//   {"event_id":"event_…","timestamp":"2026-11-20T20:27:27.987679+00:00","event_type":"user_message",
//    "content":"1+2?","metadata":{"trace_id":"…","span_id":"…","run_id":"run_…"}}
//
// In memory an event stays plain text as long as it can: JSON is written when somebody wants to read it.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace pais::memory {

enum class EventType {
  user_message,
  task_delegation_received,
  agent_response,
  tool_call,
  tool_result,
  delegation_request,
  delegation_response,
  error,
  custom,  // a user's own kind; MemoryEvent::custom_type has its name
};

// Which turn an event belongs to: three entries of its metadata. Empty where unknown.
struct TurnMark {
  std::string run_id = {};
  std::string trace_id = {};
  std::string span_id = {};
};

// Any JSON value. A plain text is kept as it is; everything else as the JSON text of it.
struct EventContent {
  std::string text = {};
  bool is_json = false;  // `text` is compact, valid JSON (and not that of a string)
};

struct MemoryEvent {
  std::string event_id = {};
  std::chrono::system_clock::time_point timestamp = {};
  EventType type = EventType::user_message;
  EventContent content = {};
  TurnMark mark = {};
  std::string more_metadata = {};  // JSON text of an object with all other metadata; "" for none
  std::string custom_type = {};
};

// A new event with an id of its own; content over the limit is cut (see `cut_to_limit`).
MemoryEvent make_event(EventType type, EventContent content, TurnMark mark = {},
                       std::chrono::system_clock::time_point at = std::chrono::system_clock::now());

// The wire name of its type: "user_message", or the custom one.
std::string_view type_name(const MemoryEvent& event);
std::string_view type_name(EventType type);  // "" for custom

// Sets `type` from a wire name; a name that is none of ours makes the event a custom one.
void set_type(MemoryEvent& event, std::string_view name);

bool is_prompt(EventType type);

// Checks a JSON text from outside. Code::malformed when it is none, or nested too deeply.
Result<EventContent> json_content(std::string_view json);

// The content as JSON text, and the metadata as JSON text of an object.
std::string content_json(const MemoryEvent& event);
std::string metadata_json(const MemoryEvent& event);

// The whole event, compact and on one line.
std::string event_json(const MemoryEvent& event);

// Reads an event that we, or the Python server, wrote. Unknown keys are dropped. Code::malformed names what is wrong.
Result<MemoryEvent> read_event(std::string_view json);

// Reads the three entries of the mark out of a JSON object of metadata, and leaves the rest in `more_metadata`.
Result<void> set_metadata(MemoryEvent& event, std::string_view json);

// Adds one entry to `more_metadata`.
void add_metadata(MemoryEvent& event, std::string_view key, std::string_view text);

inline constexpr std::size_t kMaxContentBytes = 64 * 1024;

// Cuts content that is longer than the limit, between two characters, and marks it: metadata "content.truncated": true
// and "content.length": <bytes it had>. In an object the longest member is cut to a text; any other JSON becomes a
// text.
void cut_to_limit(MemoryEvent& event, std::size_t limit = kMaxContentBytes);

}  // namespace pais::memory
