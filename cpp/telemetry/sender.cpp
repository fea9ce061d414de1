#include "telemetry/sender.h"

#include <algorithm>
#include <exception>

#include "base/log.h"

namespace pais::telemetry {
namespace {

constexpr std::string_view kLogger = "pais.telemetry";

}  // namespace

Sender::Sender(std::vector<Lane> lanes)
    : lanes_(std::move(lanes)), thread_([this](const std::stop_token& stop) { live(stop); }) {}

Sender::~Sender() {
  stop();
}

void Sender::stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
  std::size_t lost = 0;
  for (Lane& lane : lanes_) lost += lane.give_up();
  if (lost > 0) log::warning(kLogger, std::to_string(lost) + " items of telemetry could not be sent before the end");
}

void Sender::wake() {
  {
    const std::scoped_lock lock(mutex_);
    awake_ = true;
  }
  changed_.notify_all();
}

std::uint64_t Sender::ask_to_flush(http::Deadline deadline) {
  const std::scoped_lock lock(mutex_);
  flush_end_ = std::max(flush_end_, deadline);
  changed_.notify_all();
  return ++flushes_wanted_;
}

bool Sender::flushed(std::uint64_t asked, http::Deadline deadline) {
  std::unique_lock lock(mutex_);
  changed_.wait_until(lock, deadline, [&] { return flushes_done_ >= asked || in_a_hurry_; });
  return flushes_done_ >= asked && all_sent_;
}

void Sender::hurry() {
  const std::scoped_lock lock(mutex_);
  in_a_hurry_ = true;
  changed_.notify_all();
}

void Sender::live(const std::stop_token& stop) {
  try {
    std::unique_lock lock(mutex_);
    while (!stop.stop_requested()) serve(lock, stop);
  } catch (const std::exception& error) {
    log::error(kLogger, std::string("Telemetry is no longer sent: ") + error.what());
  }
}

void Sender::serve(std::unique_lock<std::mutex>& lock, const std::stop_token& stop) {
  const auto has_work = [this] { return awake_ || flushes_wanted_ > flushes_done_; };
  const Moment next = due();
  if (next == kNever) {
    changed_.wait(lock, stop, has_work);
  } else {
    changed_.wait_until(lock, stop, next, has_work);
  }
  if (stop.stop_requested()) return;
  awake_ = false;
  if (flushes_wanted_ > flushes_done_) return serve_flush(lock, stop);
  lock.unlock();
  for (Lane& lane : lanes_) {
    if (lane.due() <= std::chrono::steady_clock::now()) lane.step(stop);
  }
  lock.lock();
}

void Sender::serve_flush(std::unique_lock<std::mutex>& lock, const std::stop_token& stop) {
  const std::uint64_t wanted = flushes_wanted_;
  const http::Deadline end = flush_end_;
  lock.unlock();
  bool all = true;
  for (Lane& lane : lanes_) all = lane.flush(end, stop) && all;
  lock.lock();
  flushes_done_ = wanted;
  all_sent_ = all;
  changed_.notify_all();
}

Moment Sender::due() const {
  Moment next = kNever;
  for (const Lane& lane : lanes_) next = std::min(next, lane.due());
  return next;
}

}  // namespace pais::telemetry
