// The thread that serves some lanes, which lead to one place.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <stop_token>
#include <thread>
#include <vector>

#include "base/home_process.h"
#include "telemetry/lane.h"

namespace pais::telemetry {

// All but construction, `stop` and destruction from any thread.
class Sender {
 public:
  explicit Sender(std::vector<Lane> lanes);
  ~Sender();
  Sender(const Sender&) = delete;
  Sender& operator=(const Sender&) = delete;

  bool is_this_thread() const { return thread_.get_id() == std::this_thread::get_id(); }
  // There may be something to do sooner than there was.
  void wake();
  // Asks for all that is there to be sent by then; `flushed` waits for it, and tells whether every lane got rid of all.
  std::uint64_t ask_to_flush(http::Deadline deadline);
  bool flushed(std::uint64_t asked, http::Deadline deadline);
  // From now on nobody waits in `flushed`.
  void hurry();
  // Ends the thread, within 100 ms or so, whatever is under way; what is left is dropped and counted. The destructor
  // does it, too. Not from the thread itself.
  void stop();

 private:
  void live(const std::stop_token& stop);
  void serve(std::unique_lock<std::mutex>& lock, const std::stop_token& stop);
  void serve_flush(std::unique_lock<std::mutex>& lock, const std::stop_token& stop);
  Moment due() const;

  std::vector<Lane> lanes_;  // the thread's own, and after it the destructor's
  std::mutex mutex_;         // guards all below
  std::condition_variable_any changed_;
  bool awake_ = false;
  std::uint64_t flushes_wanted_ = 0;
  std::uint64_t flushes_done_ = 0;
  http::Deadline flush_end_{};
  bool in_a_hurry_ = false;
  bool all_sent_ = true;  // by the last one
  std::jthread thread_;
};

}  // namespace pais::telemetry
