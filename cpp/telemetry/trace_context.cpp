#include "telemetry/trace_context.h"

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <vector>

#include "base/ids.h"
#include "base/trimmed.h"

namespace pais::telemetry {
namespace {

constexpr std::size_t kMostMembers = 32;
constexpr std::size_t kLongestKey = 256;
constexpr std::size_t kLongestTenant = 241;
constexpr std::size_t kLongestSystem = 14;
constexpr std::size_t kLongestValue = 256;

// Where the fields of "00-<32 hex>-<16 hex>-<2 hex>" are.
constexpr std::size_t kTraceIdAt = 3;
constexpr std::size_t kSpanIdAt = 36;
constexpr std::size_t kFlagsAt = 53;
constexpr std::size_t kLength = 55;
constexpr std::uint8_t kVersion = 0;  // that we write

// Lower case only, as the recommendation wants it.
std::optional<std::uint8_t> digit(char c) {
  if (c >= '0' && c <= '9') return static_cast<std::uint8_t>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<std::uint8_t>(c - 'a' + 10);
  return std::nullopt;
}

bool read_hex(std::string_view text, std::span<std::uint8_t> bytes) {
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const auto high = digit(text[2 * i]);
    const auto low = digit(text[2 * i + 1]);
    if (!high || !low) return false;
    bytes[i] = static_cast<std::uint8_t>(*high << 4U | *low);
  }
  return true;
}

void put_hex(char* text, std::span<const std::uint8_t> bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (const std::uint8_t byte : bytes) {
    *text++ = kDigits[byte >> 4U];
    *text++ = kDigits[byte & 15U];
  }
}

std::string hex_of(std::span<const std::uint8_t> bytes) {
  std::string text(2 * bytes.size(), '\0');
  put_hex(text.data(), bytes);
  return text;
}

template <typename Id>
Id random_id() {
  Id id{};
  while (id == Id{}) random_bytes(id);
  return id;
}

bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}

bool is_key_character(char c) {
  return is_lower(c) || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '*' || c == '/';
}

// "key", or "tenant@system".
bool is_key(std::string_view key) {
  const auto at = key.find('@');
  const std::string_view tenant = key.substr(0, at);
  if (tenant.empty() || !std::ranges::all_of(tenant, is_key_character)) return false;
  if (at == std::string_view::npos) return is_lower(key.front()) && key.size() <= kLongestKey;
  const std::string_view system = key.substr(at + 1);
  const bool begins = is_lower(tenant.front()) || (tenant.front() >= '0' && tenant.front() <= '9');
  return begins && tenant.size() <= kLongestTenant && !system.empty() && system.size() <= kLongestSystem &&
         is_lower(system.front()) && std::ranges::all_of(system, is_key_character);
}

bool is_value(std::string_view value) {
  const auto is_allowed = [](char c) { return c >= 0x20 && c <= 0x7e && c != ',' && c != '='; };
  return !value.empty() && value.size() <= kLongestValue && value.back() != ' ' &&
         std::ranges::all_of(value, is_allowed);
}

bool is_member(std::string_view member) {
  const auto equals = member.find('=');
  return equals != std::string_view::npos && is_key(member.substr(0, equals)) && is_value(member.substr(equals + 1));
}

}  // namespace

TraceContext read_traceparent(std::string_view value) {
  value = trimmed(value);
  const bool shaped = value.size() >= kLength && value[kTraceIdAt - 1] == '-' && value[kSpanIdAt - 1] == '-' &&
                      value[kFlagsAt - 1] == '-';
  std::uint8_t version = 0xff;
  if (!shaped || !read_hex(value, {&version, 1}) || version == 0xff) return {};
  // A later version may go on behind what this one knows.
  const bool ends_well = value.size() == kLength || (version > 0 && value[kLength] == '-');
  TraceContext context;
  const bool is_read = ends_well && read_hex(value.substr(kTraceIdAt), context.trace_id) &&
                       read_hex(value.substr(kSpanIdAt), context.span_id) &&
                       read_hex(value.substr(kFlagsAt), {&context.flags, 1});
  return is_read && context.valid() ? context : TraceContext{};
}

std::string read_tracestate(std::string_view value) {
  std::string list;
  list.reserve(value.size());
  std::size_t members = 0;
  while (!value.empty()) {
    const auto comma = value.find(',');
    const std::string_view member = trimmed(value.substr(0, comma));
    value.remove_prefix(comma == std::string_view::npos ? value.size() : comma + 1);
    if (member.empty()) continue;
    if (!is_member(member) || ++members > kMostMembers) return {};
    if (!list.empty()) list += ',';
    list += member;
  }
  return list;
}

TraceContext read_trace_context(const http::Headers& headers) {
  const std::string* parent = nullptr;
  std::string states;
  for (const auto& [name, value] : headers) {
    if (http::equal_ignoring_case(name, "traceparent")) {
      if (parent != nullptr) return {};
      parent = &value;
    } else if (http::equal_ignoring_case(name, "tracestate")) {
      states.append(states.empty() ? "" : ",").append(value);
    }
  }
  if (parent == nullptr) return {};
  TraceContext context = read_traceparent(*parent);
  if (context.valid()) context.state = read_tracestate(states);
  return context;
}

std::string write_traceparent(const TraceContext& context) {
  std::string text(kLength, '-');
  put_hex(text.data(), std::array{kVersion});
  put_hex(text.data() + kTraceIdAt, context.trace_id);
  put_hex(text.data() + kSpanIdAt, context.span_id);
  put_hex(text.data() + kFlagsAt, {&context.flags, 1});
  return text;
}

std::string hex(const TraceId& id) {
  return hex_of(id);
}

std::string hex(const SpanId& id) {
  return hex_of(id);
}

TraceId new_trace_id() {
  return random_id<TraceId>();
}

SpanId new_span_id() {
  return random_id<SpanId>();
}

}  // namespace pais::telemetry
