#include "fake_loop.h"

#include <poll.h>
#include <utility>

namespace pais::bindings {

FakeLoop::FakeLoop(Errands& errands, Answer answer)
    : errands_(errands), answer_(std::move(answer)), thread_([this](const std::stop_token& stop) { run(stop); }) {
  errands_.open();
}

FakeLoop::~FakeLoop() {
  errands_.close();
}

std::vector<std::string> FakeLoop::asked() {
  const std::scoped_lock lock(mutex_);
  return asked_;
}

void FakeLoop::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    pollfd bell{.fd = errands_.descriptor(), .events = POLLIN, .revents = 0};
    ::poll(&bell, 1, 10);
    for (const Errand& errand : errands_.take()) {
      {
        const std::scoped_lock lock(mutex_);
        asked_.push_back(errand.given_up ? "given up" : errand.method + ' ' + errand.arguments);
      }
      if (!errand.given_up) answer_(errands_, errand);
    }
  }
}

}  // namespace pais::bindings
