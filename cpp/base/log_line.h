// What a log record looks like: the text line, and the JSON object. Plain functions of their arguments.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/log.h"

namespace pais::log {

struct Record {
  Level level;
  std::string_view logger;
  std::string_view message;
  std::chrono::system_clock::time_point time;
  const About& about;
};

struct TextStyle {
  bool trace_ids = false;
  bool colour = false;
};

std::string_view level_name(Level level);

// Line breaks, control characters and bytes that are not UTF-8, written so that they can be seen and do nothing.
std::string escaped(std::string_view text);

// Each ends with its line break.
std::string text_line(const Record& record, TextStyle style);
std::string json_line(const Record& record);

}  // namespace pais::log
