// One log for the whole process: a line a record, to stdout.
//
// From any thread. A record never blocks for long and never fails: when nobody reads our stdout, lines are dropped and
// counted. Line breaks and control characters in a message are escaped, so that one record is one line whatever a
// stranger sent.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace pais::log {

enum class Level { trace, debug, info, warning, error, critical };
enum class Format { text, json };

struct Options {
  Level level = Level::info;
  Format format = Format::text;
  bool trace_ids = false;  // the text line carries trace and span id
};

void configure(const Options& options);
bool enabled(Level level);

// `logger` is a dotted name as the Python server has it: "pais.server".
void write(Level level, std::string_view logger, std::string_view message);

inline void debug(std::string_view logger, std::string_view message) {
  write(Level::debug, logger, message);
}
inline void info(std::string_view logger, std::string_view message) {
  write(Level::info, logger, message);
}
inline void warning(std::string_view logger, std::string_view message) {
  write(Level::warning, logger, message);
}
inline void error(std::string_view logger, std::string_view message) {
  write(Level::error, logger, message);
}

// A line that is already in its final form (access lines of the server's own style); in JSON it becomes `message`.
void write_plain(Level level, std::string_view logger, std::string_view line);

// What the records of this thread are about, until the Scope ends. Scopes nest: what an inner one leaves empty it takes
// from the one around it.
struct About {
  std::string request_id = {};
  std::string session_id = {};
  std::string run_id = {};
  std::string trace_id = {};
  std::string span_id = {};
};

class Scope {
 public:
  explicit Scope(About about);
  ~Scope();
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;

 private:
  About about_;
  const About* outer_;
};

std::uint64_t dropped_lines();

struct Record;

// Hears every record at the level or above, whether or not its line finds a reader. Called on the thread that logs, so
// it must be quick, and must not log.
class Listener {
 public:
  virtual ~Listener() = default;
  virtual void on(const Record& record) = 0;
};

// From now on, for as long as somebody keeps it. There is one at most: a later one takes over.
void let_listen(const std::weak_ptr<Listener>& listener);

}  // namespace pais::log
