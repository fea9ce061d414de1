#include "http/wait.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <limits>
#include <optional>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/home_process.h"
#include "http/owned_fd.h"

namespace pais::http {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

Error cancelled() {
  return Error{.code = Code::cancelled, .cause = "the caller called it off"};
}
Error timed_out() {
  return Error{.code = Code::timed_out, .cause = "the time was up"};
}

// The one event descriptor of this thread, rung by stop tokens while the thread polls. A thread waits for one thing
// at a time, so one is enough, and a wait costs no system call besides its poll.
class Bell {
 public:
  static Bell& of_this_thread() {
    thread_local Bell bell;
    if (!bell.home_.is_here()) bell = Bell();  // that one still rings for a thread of the parent
    return bell;
  }

  int fd() const { return fd_.value(); }

  void silence() const {
    std::uint64_t rings = 0;
    [[maybe_unused]] const auto taken = ::read(fd(), &rings, sizeof rings);
  }

 private:
  HomeProcess home_;
  OwnedFd fd_{::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)};
};

struct Ring {
  int fd;
  void operator()() const {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(fd, &one, sizeof one);
  }
};

int poll_time(Deadline deadline) {
  if (deadline == kNoDeadline) return -1;
  const auto left = std::chrono::ceil<milliseconds>(deadline - steady_clock::now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, std::numeric_limits<int>::max()));
}

Result<void> poll_until(std::span<pollfd> watched, Deadline deadline, const std::stop_token& stop) {
  for (;;) {
    const int ready = ::poll(watched.data(), watched.size(), poll_time(deadline));
    if (stop.stop_requested()) return cancelled();
    if (ready > 0) return {};
    if (ready < 0 && errno != EINTR) return Error{.code = Code::internal, .cause = "poll failed"};
    if (ready == 0 && steady_clock::now() >= deadline) return timed_out();
  }
}

}  // namespace

Deadline deadline_in(milliseconds span) {
  if (span <= milliseconds::zero()) return kNoDeadline;
  const auto now = steady_clock::now();
  return span >= std::chrono::floor<milliseconds>(kNoDeadline - now) ? kNoDeadline : now + span;
}

Result<void> wait_for(std::span<pollfd> watched, Deadline deadline, const std::stop_token& stop) {
  if (stop.stop_requested()) return cancelled();
  if (!stop.stop_possible()) return poll_until(watched, deadline, stop);

  const Bell& bell = Bell::of_this_thread();
  if (bell.fd() < 0) return Error{.code = Code::unreachable, .cause = "no file descriptor is left to wait with"};
  std::array<pollfd, kMaxWatched + 1> with_bell;
  std::ranges::copy(watched, with_bell.begin());
  with_bell[watched.size()] = {.fd = bell.fd(), .events = POLLIN, .revents = 0};

  Result<void> outcome;
  {
    const std::stop_callback on_stop(stop, Ring{bell.fd()});
    outcome = poll_until(std::span(with_bell).first(watched.size() + 1), deadline, stop);
  }
  // The callback is gone, so no ring can come after this one.
  if (stop.stop_requested()) bell.silence();
  std::ranges::copy(std::span(with_bell).first(watched.size()), watched.begin());
  return outcome;
}

Result<void> wait_for(int fd, short events, Deadline deadline, const std::stop_token& stop) {
  pollfd one{.fd = fd, .events = events, .revents = 0};
  return wait_for(std::span(&one, 1), deadline, stop);
}

}  // namespace pais::http
