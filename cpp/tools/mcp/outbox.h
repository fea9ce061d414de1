// What one server is still to be told: that a call is no longer waited for, and our answers to its questions.
//
// Nobody waits for a letter to arrive, and one that is late is of no use. So only a few are under way at a time: a
// server that hangs keeps a few threads for as long as a letter lives, however many calls of its tools are called off.
//
// From any thread.
#pragma once

#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "tools/mcp/line.h"
#include "tools/mcp/session.h"

namespace pais::tools::mcp {

struct Letter {
  SessionPtr session;
  std::string_view method;  // of a constant; empty for an answer
  std::string text;
  Moment end;  // it is of no use after that
};

class Outbox {
 public:
  static constexpr std::size_t kMostAtOnce = 4;
  static constexpr std::size_t kMostWaiting = 1000;

  // Whether somebody should come, who asks for the `next` letter until there is none. One letter too many is dropped.
  bool put(Letter letter);
  std::optional<Letter> next();
  // Nobody could come.
  void give_up();
  void drop_all();

 private:
  std::mutex mutex_;
  std::deque<Letter> letters_;  // guarded by mutex_
  std::size_t carriers_ = 0;    // guarded by mutex_
};

}  // namespace pais::tools::mcp
