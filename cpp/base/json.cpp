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

// Counts what is open at once, before anything is built: the parser itself knows no limit.
bool is_deeper_than(std::string_view text, std::size_t max_depth) {
  std::size_t depth = 0;
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at];
    if (c == '"') {
      at = past_string(text, at);
      continue;
    }
    if ((c == '{' || c == '[') && ++depth > max_depth) return true;
    if ((c == '}' || c == ']') && depth > 0) --depth;
    ++at;
  }
  return false;
}

}  // namespace

Result<nlohmann::json> parse_json(std::string_view text, std::size_t max_depth) {
  // The parser takes a NUL for the end of the text and would never look at what follows.
  if (text.find('\0') != std::string_view::npos) return malformed("a NUL byte in JSON");
  if (is_deeper_than(text, max_depth)) return malformed("JSON deeper than " + std::to_string(max_depth));
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
