#include "wire/epoll.h"

#include <algorithm>
#include <ctime>

namespace pais::bench {

Epoll::Epoll() : fd_(epoll_create1(EPOLL_CLOEXEC)), ready_{} {}

void Epoll::add(int fd, std::uint64_t name, std::uint32_t events) {
  epoll_event event{.events = events, .data = {.u64 = name}};
  epoll_ctl(fd_.number(), EPOLL_CTL_ADD, fd, &event);
}

void Epoll::change(int fd, std::uint64_t name, std::uint32_t events) {
  epoll_event event{.events = events, .data = {.u64 = name}};
  epoll_ctl(fd_.number(), EPOLL_CTL_MOD, fd, &event);
}

void Epoll::remove(int fd) {
  epoll_ctl(fd_.number(), EPOLL_CTL_DEL, fd, nullptr);
}

std::span<const epoll_event> Epoll::wait(std::chrono::nanoseconds patience) {
  const auto left = std::max(patience, std::chrono::nanoseconds{0});
  const auto whole = std::chrono::duration_cast<std::chrono::seconds>(left);
  const timespec limit{.tv_sec = whole.count(), .tv_nsec = (left - whole).count()};
  const int count = epoll_pwait2(fd_.number(), ready_.data(), static_cast<int>(ready_.size()), &limit, nullptr);
  return {ready_.data(), static_cast<std::size_t>(std::max(count, 0))};
}

}  // namespace pais::bench
