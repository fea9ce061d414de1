// What the host asks of a Memory that a user wrote in Python, and what Python answers: a queue, a descriptor that the
// loop watches, and those who wait.
//
// A thread of C++ leaves an errand and waits for its answer, never longer than the patience it was made with. The loop
// takes errands, many on one wake-up, runs each as a coroutine and says how it ended; none of that ever waits, so it
// may hold the GIL. Nothing here knows of Python's own types: arguments and answers are JSON text.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.h"

namespace pais::bindings {

using ErrandNumber = std::uint64_t;

struct Errand {
  ErrandNumber number = 0;
  bool given_up = false;       // nobody waits for the errand of this number any more
  std::string method = {};     // of the user's object
  std::string arguments = {};  // JSON text of an array
};

class Errands {
 public:
  explicit Errands(std::chrono::milliseconds patience = std::chrono::seconds(10));
  ~Errands();
  Errands(const Errands&) = delete;
  Errands& operator=(const Errands&) = delete;

  // Any thread but the loop's. memory_unavailable when the answer is an exception, does not come in time, or when no
  // loop is there to give one.
  Result<std::string> run(const std::string& method, std::string arguments);

  // --- The loop's thread ---

  int descriptor() const { return bell_; }  // readable when there are errands
  std::vector<Errand> take();
  // The answer to an errand. Of one that nobody waits for it is dropped.
  void done(ErrandNumber number, std::string value);
  void failed(ErrandNumber number, std::string cause);

  // A loop takes errands from now on; none does any more, and all who wait are told so.
  void open();
  void close();

 private:
  struct Waiter {
    std::condition_variable answered;
    std::optional<Result<std::string>> answer;
  };

  void answer(ErrandNumber number, Result<std::string> what);
  void leave(Errand errand);
  void give_up(ErrandNumber number);

  const std::chrono::milliseconds patience_;
  int bell_ = -1;
  std::mutex mutex_;  // guards all below
  bool open_ = false;
  ErrandNumber last_ = 0;
  std::vector<Errand> errands_;
  std::unordered_map<ErrandNumber, Waiter*> waiters_;  // on the stacks of those who wait
};

}  // namespace pais::bindings
