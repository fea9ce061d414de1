#include "bindings/call_stops.h"

#include <vector>

namespace pais::bindings {

std::stop_token CallStops::add(CallNumber call, RunNumber run) {
  const std::scoped_lock lock(mutex_);
  return calls_.insert_or_assign(call, Call{.run = run}).first->second.stop.get_token();
}

void CallStops::remove(CallNumber call) {
  const std::scoped_lock lock(mutex_);
  calls_.erase(call);
}

template <class Meant>
void CallStops::stop_where(const Meant& meant) {
  std::vector<std::stop_source> left;
  {
    const std::scoped_lock lock(mutex_);
    for (const auto& [number, call] : calls_) {
      if (meant(number, call)) left.push_back(call.stop);
    }
  }
  for (std::stop_source& stop : left) stop.request_stop();
}

void CallStops::stop(CallNumber call) {
  std::stop_source stop(std::nostopstate);
  {
    const std::scoped_lock lock(mutex_);
    const auto found = calls_.find(call);
    if (found == calls_.end()) return;
    stop = found->second.stop;
  }
  stop.request_stop();
}

void CallStops::stop_run(RunNumber run) {
  stop_where([&](CallNumber, const Call& call) { return call.run == run; });
}

void CallStops::stop_all() {
  stop_where([](CallNumber, const Call&) { return true; });
}

}  // namespace pais::bindings
