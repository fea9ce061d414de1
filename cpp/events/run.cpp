#include "events/run.h"

#include <utility>

namespace pais::events {

RunSink::RunSink(RunIdentity identity, std::vector<RunListener*> listeners)
    : identity_(std::move(identity)), listeners_(std::move(listeners)) {}

void RunSink::emit(Happening what) {
  const std::scoped_lock lock(order_);
  tell(std::move(what), When());
}

void RunSink::emit(Happening what, const When& when) {
  const std::scoped_lock lock(order_);
  tell(std::move(what), when);
}

// Under the lock.
void RunSink::tell(Happening what, const When& when) {
  const RunEvent event{.sequence = next_++, .at = when.at, .time = when.time, .what = std::move(what)};
  for (RunListener* listener : listeners_) listener->on(event);
}

}  // namespace pais::events
