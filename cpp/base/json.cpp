#include "base/json.h"

#include "nlohmann/json.hpp"

namespace pais {
namespace {

Error malformed(std::string cause) {
  return Error{.code = Code::malformed, .cause = std::move(cause)};
}

// The place just behind the string that opens at `quote`.
std::size_t past_string(std::string_view text, std::size_t quote) {
  std::size_t at = quote + 1;
  while (at < text.size() && text[at] != '"') at += text[at] == '\\' ? 2 : 1;
  return at + 1;
}

// Looks before anything is built: the parser itself knows no limit.
Result<void> check_extent(std::string_view text, const JsonLimits& limits) {
  std::size_t depth = 0;
  std::size_t values = 1;
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at];
    if (c == '"') {
      at = past_string(text, at);
      continue;
    }
    const bool opens = c == '{' || c == '[';
    if (opens && ++depth > limits.depth) return malformed("JSON deeper than " + std::to_string(limits.depth));
    if ((c == '}' || c == ']') && depth > 0) --depth;
    // One more value behind each comma, and perhaps one behind each bracket that opens.
    if ((opens || c == ',') && ++values > limits.values) {
      return Error{.code = Code::too_large, .cause = "more than " + std::to_string(limits.values) + " values in JSON"};
    }
    ++at;
  }
  return {};
}

}  // namespace

Result<nlohmann::json> parse_json(std::string_view text, const JsonLimits& limits) {
  // The parser takes a NUL for the end of the text and would never look at what follows.
  if (text.find('\0') != std::string_view::npos) return malformed("a NUL byte in JSON");
  if (auto checked = check_extent(text, limits); !checked) return checked.error();
  try {
    return nlohmann::json::parse(text);
  } catch (const nlohmann::json::parse_error& error) {
    return malformed("not JSON at byte " + std::to_string(error.byte));
  } catch (const nlohmann::json::exception&) {
    return malformed("a number in JSON that no number type holds");
  }
}

std::string dump_json(const nlohmann::json& value) {
  return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace pais
