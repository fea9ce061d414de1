// One run: who it is, and who listens to it.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "events/run_event.h"

namespace pais::events {

struct RunIdentity {
  std::string run_id;  // `run_` + 12 hex
  std::string session_id;
  std::string agent;
  std::string request_id;
  std::string trace_id;  // 32 hex, "" while telemetry is off
};

// Hears all events of one run, in order, from one thread at a time. Must not block on anything but its own client, and
// must not throw.
class RunListener {
 public:
  virtual ~RunListener() = default;
  virtual void on(const RunEvent& event) = 0;
};

// Where a producer puts what happens. Stamps sequence and time, and tells the listeners in the order they were given.
// From any thread; concurrent calls are put in one order.
class RunSink {
 public:
  RunSink(RunIdentity identity, std::vector<RunListener*> listeners);

  void emit(Happening what);
  // The same for a producer that passes on what somebody else told, when that was.
  void emit(Happening what, const When& when);
  const RunIdentity& identity() const { return identity_; }

 private:
  void tell(Happening what, const When& when);

  const RunIdentity identity_;
  const std::vector<RunListener*> listeners_;
  std::mutex order_;
  std::uint64_t next_ = 0;  // guarded by order_
};

}  // namespace pais::events
