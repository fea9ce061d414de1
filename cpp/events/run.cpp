#include "events/run.h"

#include <utility>

namespace pais::events {

RunSink::RunSink(RunIdentity identity, std::vector<RunListener*> listeners)
    : identity_(std::move(identity)), listeners_(std::move(listeners)) {}

void RunSink::emit(Happening what) {
  const std::scoped_lock lock(order_);
  const RunEvent event{.sequence = next_++,
                       .at = std::chrono::steady_clock::now(),
                       .time = std::chrono::system_clock::now(),
                       .what = std::move(what)};
  for (RunListener* listener : listeners_) listener->on(event);
}

}  // namespace pais::events
