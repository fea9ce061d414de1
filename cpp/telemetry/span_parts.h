// What the spans of a run are put together from.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "events/values.h"
#include "telemetry/signals.h"

namespace pais::telemetry {

inline constexpr std::size_t kLongestText = 64 * 1024;  // of an attribute

// What Logfire reads beside the attributes, to show those that are JSON text as what they are.
extern const char* const kAgentSchema;
extern const char* const kChatSchema;
extern const char* const kToolSchema;
extern const char* const kPlainToolSchema;  // with the names of the first two forms

void add(Span& span, const char* key, Value value);
// Unless there are none.
void add_count(Span& span, const char* key, std::int64_t count);
void add_usage(Span& span, const events::Usage& usage);
// What is over kLongestText is cut between two characters, and `<key>.truncated` says so.
void add_text(Span& span, std::string_view key, std::string text);

// Status, `error.type` and an `exception` event. `text` may be "".
void fail(Span& span, std::string_view type, const std::string& text, Time at);

std::string in_brackets(const std::string& members);

}  // namespace pais::telemetry
