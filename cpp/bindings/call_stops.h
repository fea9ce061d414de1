// The calls that are on their way for runs of Python, and how each hears that nobody waits for it any more.
//
// From any thread. Who is stopped may act on it at once, on the caller's thread; no lock is held meanwhile.
#pragma once

#include <mutex>
#include <stop_token>
#include <unordered_map>

#include "bindings/mailbox.h"

namespace pais::bindings {

class CallStops {
 public:
  // The call begins; it is here until it is removed.
  std::stop_token add(CallNumber call, RunNumber run);
  void remove(CallNumber call);

  // This call; all of this run; all.
  void stop(CallNumber call);
  void stop_run(RunNumber run);
  void stop_all();

 private:
  struct Call {
    RunNumber run = 0;
    std::stop_source stop = {};
  };

  template <class Meant>
  void stop_where(const Meant& meant);

  std::mutex mutex_;
  std::unordered_map<CallNumber, Call> calls_;  // guarded by mutex_
};

}  // namespace pais::bindings
