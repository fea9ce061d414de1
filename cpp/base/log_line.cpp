#include "base/log_line.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>

#include "nlohmann/json.hpp"

#include "base/clock.h"
#include "base/utf8.h"

namespace pais::log {
namespace {

struct LevelLook {
  std::string_view name;
  std::string_view colour;
};

constexpr std::array<LevelLook, 6> kLooks = {{{"TRACE", "\x1b[90m"},
                                              {"DEBUG", "\x1b[36m"},
                                              {"INFO", "\x1b[32m"},
                                              {"WARNING", "\x1b[33m"},
                                              {"ERROR", "\x1b[31m"},
                                              {"CRITICAL", "\x1b[1;31m"}}};
constexpr std::string_view kPlain = "\x1b[0m";

// U+0080 to U+009F move cursors on some terminals, U+2028 and U+2029 break lines for some readers, U+202A to U+202E and
// U+2066 to U+2069 turn the order of what is read around.
bool is_unseen(std::string_view character) {
  if (character.size() == 1) return character[0] == 0x7f || (character[0] >= 0 && character[0] < 0x20);
  if (character.size() == 2) return character[0] == '\xC2' && static_cast<unsigned char>(character[1]) < 0xA0;
  const auto is_between = [&](std::string_view first, std::string_view last) {
    return character.size() == 3 && character >= first && character <= last;
  };
  return is_between("\xE2\x80\xA8", "\xE2\x80\xAE") || is_between("\xE2\x81\xA6", "\xE2\x81\xA9");
}

void append_seen(std::string& out, std::string_view bytes) {
  if (bytes == "\n") {
    out += "\\n";
  } else if (bytes == "\r") {
    out += "\\r";
  } else if (bytes == "\t") {
    out += "\\t";
  } else {
    for (const char byte : bytes) {
      char text[8];
      std::snprintf(text, sizeof text, "\\x%02x", static_cast<unsigned>(static_cast<unsigned char>(byte)));
      out += text;
    }
  }
}

// "\u202e", of a character of up to three bytes.
void append_json_escape(std::string& out, std::string_view character) {
  const auto low_bits = [&](std::size_t at) { return static_cast<unsigned char>(character[at]) & 0x3FU; };
  unsigned code = static_cast<unsigned char>(character[0]);
  if (character.size() == 2) code = (code & 0x1FU) << 6U | low_bits(1);
  if (character.size() == 3) code = (code & 0x0FU) << 12U | low_bits(1) << 6U | low_bits(2);
  char text[8];
  std::snprintf(text, sizeof text, "\\u%04x", code & 0xFFFFU);
  out += text;
}

// JSON lets through what is not seen, all but the first 32 characters. None of it stands outside of a string.
std::string with_unseen_escaped(std::string json) {
  if (json.find_first_of("\x7F\xC2\xE2") == std::string::npos) return json;
  std::string out;
  out.reserve(json.size() + 16);
  for (std::string_view text = json; !text.empty();) {
    const std::string_view character = text.substr(0, std::max<std::size_t>(first_character(text), 1));
    if (is_unseen(character)) {
      append_json_escape(out, character);
    } else {
      out += character;
    }
    text.remove_prefix(character.size());
  }
  return out;
}

// "2026-11-20 20:26:52"
std::string local_time(std::chrono::system_clock::time_point time) {
  const std::time_t second = std::chrono::system_clock::to_time_t(std::chrono::floor<std::chrono::seconds>(time));
  std::tm parts{};
  localtime_r(&second, &parts);
  char text[32];
  return std::string(text, std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &parts));
}

std::string_view or_zero(const std::string& id) {
  return id.empty() ? std::string_view("0") : std::string_view(id);
}

}  // namespace

std::string_view level_name(Level level) {
  return kLooks.at(static_cast<std::size_t>(level)).name;
}

std::string escaped(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const std::size_t length = first_character(text);
    const std::string_view character = text.substr(0, length == 0 ? 1 : length);
    if (length == 0 || is_unseen(character)) {
      append_seen(out, character);
    } else {
      out += character;
    }
    text.remove_prefix(character.size());
  }
  return out;
}

std::string text_line(const Record& record, TextStyle style) {
  const LevelLook& look = kLooks.at(static_cast<std::size_t>(record.level));
  std::string line = local_time(record.time);
  line += " - ";
  line += escaped(record.logger);
  line += " - ";
  if (style.colour) line += look.colour;
  line += look.name;
  if (style.colour) line += kPlain;
  line += " - ";
  if (style.trace_ids) {
    line += "[trace_id=";
    line += or_zero(record.about.trace_id);
    line += " span_id=";
    line += or_zero(record.about.span_id);
    line += "] - ";
  }
  line += escaped(record.message);
  line += '\n';
  return line;
}

std::string json_line(const Record& record) {
  nlohmann::ordered_json line = {{"time", iso_time(record.time)},
                                 {"level", level_name(record.level)},
                                 {"logger", record.logger},
                                 {"message", record.message}};
  const auto add = [&](const char* key, const std::string& id) {
    if (!id.empty()) line[key] = id;
  };
  add("trace_id", record.about.trace_id);
  add("span_id", record.about.span_id);
  add("request_id", record.about.request_id);
  add("session_id", record.about.session_id);
  add("run_id", record.about.run_id);
  return with_unseen_escaped(line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace)) + '\n';
}

}  // namespace pais::log
