#include "memory/event.h"

#include <array>
#include <utility>

#include "nlohmann/json.hpp"

#include "base/clock.h"
#include "base/ids.h"
#include "base/json.h"
#include "base/json_text.h"
#include "base/utf8.h"

namespace pais::memory {
namespace {

using nlohmann::json;

// In the order of the enum; `custom` has no name of its own.
constexpr std::array<std::string_view, 8> kTypeNames = {
    "user_message", "task_delegation_received", "agent_response",      "tool_call",
    "tool_result",  "delegation_request",       "delegation_response", "error"};

constexpr std::size_t kMaxNameBytes = 256;
constexpr std::size_t kEventFrame = 320;  // of an event's JSON beside its content, about

Error malformed(std::string cause) {
  return Error{.code = Code::malformed, .cause = std::move(cause), .doing = "reading a stored event"};
}

std::string json_text(std::string_view text) {
  std::string quoted;
  append_json_string(quoted, text);
  return quoted;
}

// A member that has to be there, and to be a name of decent length.
Result<std::string> string_member(const json& object, const char* key) {
  const auto member = object.find(key);
  if (member == object.end()) return malformed(std::string(key) + " is missing");
  if (!member->is_string()) return malformed(std::string(key) + " is not a string");
  auto text = member->get<std::string>();
  if (text.empty() || text.size() > kMaxNameBytes) return malformed(std::string(key) + " is empty or too long");
  return text;
}

EventContent content_of(const json& value) {
  if (value.is_string()) return {.text = value.get<std::string>(), .is_json = false};
  return {.text = dump_json(value), .is_json = true};
}

// Moves a text entry of the metadata into its place in the mark; anything else stays where it is.
void take_mark(json& metadata, const char* key, std::string& place) {
  const auto entry = metadata.find(key);
  if (entry == metadata.end() || !entry->is_string()) return;
  place = entry->get<std::string>();
  metadata.erase(entry);
}

void set_metadata(MemoryEvent& event, json metadata) {
  take_mark(metadata, "run_id", event.mark.run_id);
  take_mark(metadata, "trace_id", event.mark.trace_id);
  take_mark(metadata, "span_id", event.mark.span_id);
  event.more_metadata = metadata.empty() ? std::string() : dump_json(metadata);
}

// `key` and `json` go into the object of other metadata, which is only text here: before its closing brace.
void add_metadata_json(MemoryEvent& event, std::string_view key, std::string_view value) {
  std::string& all = event.more_metadata;
  if (all.empty()) {
    all = "{";
  } else {
    all.back() = ',';
  }
  all += json_text(key);
  all += ':';
  all += value;
  all += '}';
}

json::iterator longest_member(json& object) {
  auto longest = object.end();
  std::size_t most = 0;
  for (auto member = object.begin(); member != object.end(); ++member) {
    const std::size_t size = member->is_string() ? member->get_ref<const std::string&>().size() : member->dump().size();
    if (longest != object.end() && size <= most) continue;
    longest = member;
    most = size;
  }
  return longest;
}

// An object whose longest member is cut keeps its shape; empty when that is not enough.
std::string with_longest_member_cut(const std::string& text, std::size_t limit) {
  auto parsed = parse_json(text);
  if (!parsed || !parsed->is_object() || parsed->empty()) return {};
  const auto member = longest_member(*parsed);
  const std::string whole = content_of(*member).text;
  *member = "";
  const std::size_t rest = dump_json(*parsed).size();
  if (rest >= limit) return {};
  // Escapes make a text longer on the wire than it is: half of the room holds whatever needs only one backslash.
  for (std::size_t room = limit - rest; room > 0; room /= 2) {
    *member = text_up_to(whole, room);
    std::string cut = dump_json(*parsed);
    if (cut.size() <= limit) return cut;
  }
  return {};
}

void append_mark(std::string& out, std::string_view key, const std::string& value) {
  if (value.empty()) return;
  if (out.size() > 1) out += ',';
  out += '"';
  out += key;
  out += "\":";
  append_json_string(out, value);
}

}  // namespace

std::string_view type_name(EventType type) {
  const auto index = static_cast<std::size_t>(type);
  return index < kTypeNames.size() ? kTypeNames[index] : std::string_view();
}

std::string_view type_name(const MemoryEvent& event) {
  return event.type == EventType::custom ? std::string_view(event.custom_type) : type_name(event.type);
}

void set_type(MemoryEvent& event, std::string_view name) {
  for (std::size_t i = 0; i < kTypeNames.size(); ++i) {
    if (kTypeNames[i] != name) continue;
    event.type = static_cast<EventType>(i);
    event.custom_type.clear();
    return;
  }
  event.type = EventType::custom;
  event.custom_type = name;
}

bool is_prompt(EventType type) {
  return type == EventType::user_message || type == EventType::task_delegation_received;
}

MemoryEvent make_event(EventType type, EventContent content, TurnMark mark, std::chrono::system_clock::time_point at) {
  MemoryEvent event{.event_id = new_event_id(),
                    .timestamp = std::chrono::floor<std::chrono::microseconds>(at),
                    .type = type,
                    .content = std::move(content),
                    .mark = std::move(mark)};
  cut_to_limit(event);
  return event;
}

Result<EventContent> json_content(std::string_view text) {
  const auto value = parse_json(text);
  if (!value) return value.error();
  return content_of(*value);
}

std::string content_json(const MemoryEvent& event) {
  return event.content.is_json ? event.content.text : json_text(event.content.text);
}

std::string metadata_json(const MemoryEvent& event) {
  std::string out = "{";
  append_mark(out, "trace_id", event.mark.trace_id);
  append_mark(out, "span_id", event.mark.span_id);
  append_mark(out, "run_id", event.mark.run_id);
  if (event.more_metadata.size() <= 2) return out + '}';
  if (out.size() > 1) out += ',';
  return out.append(event.more_metadata, 1);
}

std::string event_json(const MemoryEvent& event) {
  std::string out;
  out.reserve(event.content.text.size() + event.more_metadata.size() + kEventFrame);
  out += R"({"event_id":)";
  append_json_string(out, event.event_id);
  out.append(R"(,"timestamp":")").append(iso_time(event.timestamp));
  out += R"(","event_type":)";
  append_json_string(out, type_name(event));
  out.append(R"(,"content":)").append(content_json(event));
  out.append(R"(,"metadata":)").append(metadata_json(event));
  out += '}';
  return out;
}

Result<MemoryEvent> read_event(std::string_view text) {
  auto value = parse_json(text);
  if (!value) return malformed(value.error().cause);
  if (!value->is_object()) return malformed("not an object");
  auto id = string_member(*value, "event_id");
  if (!id) return id.error();
  const auto type = string_member(*value, "event_type");
  if (!type) return type.error();
  const auto timestamp = string_member(*value, "timestamp");
  if (!timestamp) return timestamp.error();
  const auto time = read_iso_time(*timestamp);
  if (!time) return malformed("timestamp is not a time");

  MemoryEvent event{.event_id = std::move(*id), .timestamp = std::chrono::floor<std::chrono::microseconds>(*time)};
  set_type(event, *type);
  if (const auto content = value->find("content"); content != value->end()) {
    event.content = content_of(*content);
  } else {
    event.content = {.text = "null", .is_json = true};
  }
  if (const auto metadata = value->find("metadata"); metadata != value->end() && !metadata->is_null()) {
    if (!metadata->is_object()) return malformed("metadata is not an object");
    set_metadata(event, std::move(*metadata));
  }
  return event;
}

Result<void> set_metadata(MemoryEvent& event, std::string_view text) {
  auto value = parse_json(text);
  if (!value) return value.error().during("reading metadata");
  if (!value->is_object()) return malformed("metadata is not an object");
  set_metadata(event, std::move(*value));
  return {};
}

void add_metadata(MemoryEvent& event, std::string_view key, std::string_view text) {
  add_metadata_json(event, key, json_text(text));
}

void cut_to_limit(MemoryEvent& event, std::size_t limit) {
  EventContent& content = event.content;
  const std::size_t length = content.text.size();
  if (length <= limit) return;
  std::string object = content.is_json ? with_longest_member_cut(content.text, limit) : std::string();
  if (object.empty()) {
    content.text.resize(text_up_to(content.text, limit).size());
    content.text.shrink_to_fit();
    content.is_json = false;
  } else {
    content.text = std::move(object);
  }
  add_metadata_json(event, "content.length", std::to_string(length));
  add_metadata_json(event, "content.truncated", "true");
}

}  // namespace pais::memory
