#include "base/log.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <ctime>
#include <mutex>
#include <poll.h>
#include <unistd.h>
#include <utility>

#include "base/log_line.h"
#include "base/utf8.h"

namespace pais::log {
namespace {

constexpr std::size_t kLongestMessage = 32 * 1024;

struct Look {
  std::atomic<Level> level = Level::info;
  std::atomic<Format> format = Format::text;
  std::atomic<bool> trace_ids = false;
  std::atomic<bool> colour = false;
};

Look look;
thread_local const About* current = nullptr;

const About& about_now() {
  static const About nothing;
  return current == nullptr ? nothing : *current;
}

// One message cannot fill the log: what is too long is cut between two characters, and says so.
std::string shortened(std::string_view message) {
  if (message.size() <= kLongestMessage) return std::string(message);
  std::size_t end = kLongestMessage;
  while (end > kLongestMessage - 4 && first_character(message.substr(end)) == 0) --end;
  return std::string(message.substr(0, end)) + "… (" + std::to_string(message.size() - end) + " more bytes)";
}

std::string line_of(const Record& record) {
  if (look.format == Format::json) return json_line(record);
  return text_line(record, {.trace_ids = look.trace_ids, .colour = look.colour});
}

// Stdout may be a pipe whose reader has stopped reading: a plain write would then stop the thread that logs, and with
// it whatever it serves. So nothing is written before the kernel says that there is room, and never more than fits
// surely (PIPE_BUF). A line of which some is out is finished before another is begun; a line that finds no room at
// all is dropped.
class Output {
 public:
  void write(std::string_view line) {
    const std::lock_guard lock(mutex_);
    if (!finish_begun() || !tell_of_dropped()) {
      drop();
      return;
    }
    const std::size_t written = put(line);
    if (written == 0) {
      drop();
    } else {
      begun_ = line.substr(written);
    }
  }

  std::uint64_t dropped() const { return dropped_.load(); }

 private:
  bool finish_begun() {
    begun_.erase(0, put(begun_));
    return begun_.empty();
  }

  bool tell_of_dropped() {
    if (untold_ == 0) return true;
    const std::string message = std::to_string(untold_) + " log lines were dropped because nobody was reading them";
    const Record record{Level::warning, "pais.log", message, std::chrono::system_clock::now(), about_now()};
    const std::string line = line_of(record);
    const std::size_t written = put(line);
    if (written == 0) return false;
    untold_ = 0;
    begun_ = line.substr(written);
    return begun_.empty();
  }

  void drop() {
    ++untold_;
    dropped_.fetch_add(1);
  }

  // How much of `text` found room.
  static std::size_t put(std::string_view text) {
    std::size_t written = 0;
    while (written < text.size() && has_room()) {
      const ssize_t count =
          ::write(STDOUT_FILENO, text.data() + written, std::min<std::size_t>(text.size() - written, PIPE_BUF));
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) break;
      written += static_cast<std::size_t>(count);
    }
    return written;
  }

  // Room that nobody will ever read is none: writing there would only raise SIGPIPE.
  static bool has_room() {
    pollfd out{.fd = STDOUT_FILENO, .events = POLLOUT, .revents = 0};
    while (poll(&out, 1, 0) < 0) {
      if (errno != EINTR) return false;
    }
    return (out.revents & POLLOUT) != 0 && (out.revents & (POLLERR | POLLHUP | POLLNVAL)) == 0;
  }

  std::mutex mutex_;
  std::string begun_;         // what is left of a line that is partly out
  std::uint64_t untold_ = 0;  // dropped since the last line that said so
  std::atomic<std::uint64_t> dropped_ = 0;
};

// Never destroyed: threads may log until the very end of the process.
Output& output() {
  static auto* const it = new Output;
  return *it;
}

// Who hears the records, if anybody does.
class Ear {
 public:
  void open(const std::weak_ptr<Listener>& listener) {
    const std::scoped_lock lock(mutex_);
    listener_ = listener;
    open_ = true;
  }

  void hear(const Record& record) {
    if (!open_.load(std::memory_order_relaxed)) return;
    const auto listener = [&] {
      const std::scoped_lock lock(mutex_);
      return listener_.lock();
    }();
    if (listener) listener->on(record);
  }

 private:
  std::atomic<bool> open_ = false;
  std::mutex mutex_;
  std::weak_ptr<Listener> listener_;  // guarded by mutex_
};

// Never destroyed, as the output.
Ear& ear() {
  static auto* const it = new Ear;
  return *it;
}

bool is_set(const char* variable) {
  const char* value = std::getenv(variable);
  return value != nullptr && *value != '\0';
}

bool wants_colour() {
  return isatty(STDOUT_FILENO) == 1 && !is_set("NO_COLOR");
}

}  // namespace

void configure(const Options& options) {
  tzset();
  look.level = options.level;
  look.format = options.format;
  look.trace_ids = options.trace_ids;
  look.colour = wants_colour();
}

bool enabled(Level level) {
  return level >= look.level.load(std::memory_order_relaxed);
}

void write(Level level, std::string_view logger, std::string_view message) {
  if (!enabled(level)) return;
  const std::string text = shortened(message);
  const Record record{level, logger, text, std::chrono::system_clock::now(), about_now()};
  output().write(line_of(record));
  ear().hear(record);
}

void write_plain(Level level, std::string_view logger, std::string_view line) {
  if (look.format == Format::json) return write(level, logger, line);
  if (!enabled(level)) return;
  const std::string text = shortened(line);
  output().write(escaped(text) + '\n');
  ear().hear({level, logger, text, std::chrono::system_clock::now(), about_now()});
}

Scope::Scope(About about) : about_(std::move(about)), outer_(current) {
  const About& outer = about_now();
  const auto inherit = [&](std::string About::*id) {
    if ((about_.*id).empty()) about_.*id = outer.*id;
  };
  inherit(&About::request_id);
  inherit(&About::session_id);
  inherit(&About::run_id);
  inherit(&About::trace_id);
  inherit(&About::span_id);
  current = &about_;
}

Scope::~Scope() {
  current = outer_;
}

void let_listen(const std::weak_ptr<Listener>& listener) {
  ear().open(listener);
}

std::uint64_t dropped_lines() {
  return output().dropped();
}

}  // namespace pais::log
