#include "http/reactor.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <fcntl.h>
#include <string>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <system_error>
#include <unistd.h>
#include <utility>

#include "base/ids.h"
#include "base/log.h"
#include "http/response.h"

namespace pais::http {
namespace {

constexpr auto kSweepEvery = std::chrono::milliseconds(100);
constexpr auto kSweepAtMost = std::chrono::milliseconds(2);  // at a stretch
constexpr auto kTellEvery = std::chrono::seconds(1);         // of refused connections
constexpr int kAcceptsAtOnce = 256;
constexpr std::size_t kIdleAtOnce = 64;  // what one look at all connections finds to make room with
constexpr std::size_t kFewestOwn = 64;   // descriptors that clients leave to us; never more than half of all
constexpr std::size_t kMostOwn = 1024;

// Said to a connection for which there is no room. A whole answer, because nobody will read its request.
std::string no_room() {
  const Response answer = error_response(Error{.code = Code::too_many_connections, .cause = ""});
  return response_head(answer, {.request_id = random_hex(32), .cors = {}, .close = true}) + answer.body;
}

// A descriptor may be another connection's by the time an event for it is looked at: the number of the adoption tells.
std::uint64_t tag(int fd, std::uint32_t adoption) {
  return (static_cast<std::uint64_t>(adoption) << 32) | static_cast<std::uint32_t>(fd);
}

int spare_descriptor() {
  return ::open("/dev/null", O_RDONLY | O_CLOEXEC);
}

// What clients may take of the process's descriptors. The rest is for what their requests open: connections to models
// and stores, files. Were none left, newcomers could not even be told that there is no room.
std::size_t descriptors_for_clients() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return SIZE_MAX;
  const auto all = static_cast<std::size_t>(limit.rlim_cur);
  return all - std::clamp(all / 4, std::min(all / 2, kFewestOwn), kMostOwn);
}

}  // namespace

Reactor::Reactor(std::vector<Listener> listeners, std::size_t most_connections, Callbacks callbacks)
    : most_(std::min(most_connections, descriptors_for_clients())),
      callbacks_(std::move(callbacks)),
      listeners_(std::move(listeners)) {}

Reactor::~Reactor() {
  stop();
  for (const int fd : {epoll_, bell_, spare_}) {
    if (fd >= 0) ::close(fd);
  }
}

Result<void> Reactor::start() {
  epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
  bell_ = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  spare_ = spare_descriptor();
  if (epoll_ < 0 || bell_ < 0) {
    return Error{.code = Code::unreachable, .cause = std::string("epoll: ") + std::generic_category().message(errno)};
  }
  if (auto watched = watch(bell_, EPOLLIN); !watched) return watched;
  for (const Listener& listener : listeners_) {
    if (auto watched = watch(listener.fd(), EPOLLIN); !watched) return watched;
  }
  open_ = true;
  thread_ = std::thread([this] { run(); });
  return {};
}

void Reactor::stop() {
  if (!thread_.joinable()) return;
  stopping_ = true;
  post([] {});
  thread_.join();
}

Result<void> Reactor::watch(int fd, std::uint32_t events, std::uint32_t adoption) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = tag(fd, adoption);
  if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) == 0) return {};
  return Error{.code = Code::unreachable, .cause = std::string("epoll_ctl: ") + std::generic_category().message(errno)};
}

void Reactor::post(std::function<void()> task) {
  {
    const std::scoped_lock lock(mutex_);
    posted_.push_back(std::move(task));
  }
  ::eventfd_write(bell_, 1);
}

void Reactor::wake(std::shared_ptr<Inbound> inbound) {
  {
    const std::scoped_lock lock(mutex_);
    woken_.push_back(std::move(inbound));
  }
  ::eventfd_write(bell_, 1);
}

bool Reactor::adopt(OwnedFd socket, const sockaddr_storage& peer) {
  {
    const std::scoped_lock lock(mutex_);
    if (!open_) return false;
    newcomers_.push_back({std::move(socket), peer});
  }
  ::eventfd_write(bell_, 1);
  return true;
}

void Reactor::run() {
  std::array<epoll_event, 256> events{};
  while (!stopping_) {
    const int count = ::epoll_wait(epoll_, events.data(), events.size(), patience());
    for (int i = 0; i < count; ++i) take(events[static_cast<std::size_t>(i)]);
    admit_newcomers(false);
    run_posted();
    if (const Instant now = std::chrono::steady_clock::now(); now >= next_sweep_) sweep(now);
  }
  listeners_.clear();
  for (Slot& slot : table_) {
    if (slot.inbound) slot.inbound->abandon();
    slot.inbound.reset();
  }
  count_ = 0;
  {
    const std::scoped_lock lock(mutex_);
    open_ = false;
    newcomers_.clear();
  }
  run_posted();
}

// How long to wait for events, in milliseconds: for ever when there is nothing to time.
int Reactor::patience() const {
  if (sweep_at_ > 0) return 0;
  return connections() > 0 || refused_ > 0 ? static_cast<int>(kSweepEvery.count()) : -1;
}

void Reactor::take(const epoll_event& event) {
  const int fd = static_cast<int>(event.data.u64 & 0xffffffffU);
  if (fd == bell_) {
    eventfd_t rings = 0;
    ::eventfd_read(bell_, &rings);
    return;
  }
  for (const Listener& listener : listeners_) {
    if (listener.fd() == fd) return accept_from(listener, kAcceptsAtOnce);
  }
  const Slot& slot = table_[static_cast<std::size_t>(fd)];
  if (!slot.inbound || tag(fd, slot.adoption) != event.data.u64) return;

  const std::shared_ptr<Inbound> inbound = slot.inbound;
  bool alive = true;
  if ((event.events & EPOLLIN) != 0) alive = inbound->on_readable();
  if (alive && (event.events & EPOLLOUT) != 0) alive = inbound->on_writable();
  const bool both_ways = (event.events & (EPOLLHUP | EPOLLERR)) != 0;
  if (alive && (both_ways || (event.events & EPOLLRDHUP) != 0)) alive = inbound->on_hang_up(both_ways);
  if (!alive) forget(fd);
}

void Reactor::accept_from(const Listener& listener, int most) {
  for (int i = 0; i < most; ++i) {
    sockaddr_storage peer{};
    socklen_t size = sizeof peer;
    const int fd = ::accept4(listener.fd(), reinterpret_cast<sockaddr*>(&peer), &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
      admit(OwnedFd(fd), peer);
      continue;
    }
    if (errno == ECONNABORTED || errno == EINTR) continue;
    if (errno != EMFILE && errno != ENFILE) return;
    // Out of descriptors. The spare one lets us take the connection and end it, rather than be told of it for ever.
    if (spare_ < 0) spare_ = spare_descriptor();
    if (spare_ < 0) return;
    ::close(spare_);
    const int refused = ::accept4(listener.fd(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (refused >= 0) ::close(refused);
    spare_ = spare_descriptor();
    ++refused_;
    tell_of_refusals(std::chrono::steady_clock::now());
    return;
  }
}

void Reactor::admit(OwnedFd socket, const sockaddr_storage& peer) {
  const int fd = socket.value();
  if (connections() >= most_ && !make_room()) {
    const std::string answer = no_room();
    [[maybe_unused]] const ssize_t told = ::send(fd, answer.data(), answer.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    ::shutdown(fd, SHUT_WR);
    return;
  }
  const auto slot = static_cast<std::size_t>(fd);
  if (slot >= table_.size()) table_.resize(slot + 64);
  table_[slot] = Slot{.inbound = callbacks_.make(socket.release(), peer), .adoption = ++adoptions_};
  ++count_;
  // Edge-triggered and never changed again: who answers need not tell the kernel anything.
  if (!watch(fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, adoptions_)) forget(fd);
}

// The first at once, further ones by their number: a flood of connections shall not be one of lines as well.
void Reactor::tell_of_refusals(Instant now) {
  if (refused_ == 0 || now < next_telling_) return;
  next_telling_ = now + kTellEvery;
  const std::size_t refused = std::exchange(refused_, 0);
  log::warning("pais.server", "no file descriptors left: " + std::to_string(refused) +
                                  (refused == 1 ? " connection was refused" : " connections were refused"));
}

bool Reactor::make_room() {
  while (!idle_.empty() || look_for_idle()) {
    const Idle found = idle_.back();
    idle_.pop_back();
    const Slot slot = table_[found.slot];
    if (!slot.inbound || slot.adoption != found.adoption || slot.inbound->quiet_since() != found.since) continue;
    if (slot.inbound->on_readable() && !slot.inbound->idle()) continue;  // its next request has just arrived
    forget(static_cast<int>(found.slot));
    return true;
  }
  return false;
}

// A look at all connections is long, so it brings more than one of them, and a vain one is not repeated for each of
// the newcomers that a flood brings.
bool Reactor::look_for_idle() {
  const Instant now = std::chrono::steady_clock::now();
  if (now < next_look_) return false;
  for (std::size_t slot = 0; slot < table_.size(); ++slot) {
    const auto& inbound = table_[slot].inbound;
    if (inbound && inbound->idle()) idle_.push_back({slot, table_[slot].adoption, inbound->quiet_since()});
  }
  const std::size_t kept = std::min(idle_.size(), kIdleAtOnce);
  std::ranges::partial_sort(idle_, idle_.begin() + static_cast<std::ptrdiff_t>(kept), {}, &Idle::since);
  idle_.resize(kept);
  std::ranges::reverse(idle_);
  if (kept == 0) next_look_ = now + kSweepEvery;
  return kept > 0;
}

void Reactor::forget(int fd) {
  const auto inbound = std::exchange(table_[static_cast<std::size_t>(fd)].inbound, nullptr);
  --count_;
  inbound->abandon();
}

void Reactor::admit_newcomers(bool last) {
  std::vector<Newcomer> newcomers;
  {
    const std::scoped_lock lock(mutex_);
    newcomers.swap(newcomers_);
    if (last) open_ = false;
  }
  for (Newcomer& newcomer : newcomers) admit(std::move(newcomer.socket), newcomer.peer);
}

void Reactor::run_posted() {
  std::vector<std::function<void()>> tasks;
  std::vector<std::shared_ptr<Inbound>> woken;
  {
    const std::scoped_lock lock(mutex_);
    tasks.swap(posted_);
    woken.swap(woken_);
  }
  for (const auto& task : tasks) task();
  for (const auto& inbound : woken) {
    // It may have been forgotten since, and its descriptor be another's.
    const int fd = inbound->fd();
    if (fd < 0 || table_[static_cast<std::size_t>(fd)].inbound != inbound) continue;
    if (!inbound->on_readable()) forget(fd);
  }
}

// Tells every connection the time. When thousands are overdue at once it stops for breath: the others are not to wait
// for all of their farewells.
void Reactor::sweep(Instant now) {
  const Instant pause = now + kSweepAtMost;
  while (sweep_at_ < table_.size()) {
    const std::size_t slot = sweep_at_++;
    const auto inbound = table_[slot].inbound;
    if (inbound && !inbound->on_time(now)) forget(static_cast<int>(slot));
    if (slot % 16 == 15 && std::chrono::steady_clock::now() >= pause) return;
  }
  sweep_at_ = 0;
  next_sweep_ = now + kSweepEvery;
  tell_of_refusals(now);
  callbacks_.tick(now);
}

void Reactor::let_nobody_in() {
  // Who has been let in by the kernel, or handed to us, is served.
  for (const Listener& listener : listeners_) accept_from(listener, Listener::kBacklog);
  // Not left to their end: while a forked child has them too, the epoll would keep them.
  for (const Listener& listener : listeners_) ::epoll_ctl(epoll_, EPOLL_CTL_DEL, listener.fd(), nullptr);
  listeners_.clear();
  admit_newcomers(true);
}

void Reactor::for_each(const std::function<void(Inbound&)>& visit) {
  for (const Slot& slot : table_) {
    if (slot.inbound) visit(*slot.inbound);
  }
}

std::size_t Reactor::close_idle(Instant before) {
  for (std::size_t slot = 0; slot < table_.size(); ++slot) {
    const auto inbound = table_[slot].inbound;
    if (!inbound || !inbound->idle() || inbound->quiet_since() >= before) continue;
    if (!inbound->on_readable() || inbound->idle()) forget(static_cast<int>(slot));
  }
  return connections();
}

}  // namespace pais::http
