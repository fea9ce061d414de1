#include "http/connection_pool.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

namespace pais::http {

ConnectionPool::ConnectionPool(std::size_t idle_per_origin, std::chrono::milliseconds idle_for)
    : idle_per_origin_(idle_per_origin), idle_for_(idle_for) {}

std::unique_ptr<HttplibClient> ConnectionPool::take(const std::string& origin) {
  for (;;) {
    Idle youngest;
    {
      const std::lock_guard lock(mutex_);
      const auto found = idle_.find(origin);
      if (found == idle_.end() || found->second.empty()) return nullptr;
      youngest = std::move(found->second.back());
      found->second.pop_back();
    }
    if (Clock::now() - youngest.since < idle_for_ && youngest.connection->is_quiet()) {
      return std::move(youngest.connection);
    }
  }
}

void ConnectionPool::keep(const std::string& origin, std::unique_ptr<HttplibClient> connection) {
  if (idle_per_origin_ == 0) return;
  const auto now = Clock::now();
  std::vector<Idle> old;
  std::optional<Idle> oldest;
  const std::lock_guard lock(mutex_);
  if (now - swept_ >= idle_for_) old = sweep(now);
  auto& idle = idle_[origin];
  if (idle.size() >= idle_per_origin_) {
    oldest = std::move(idle.front());
    idle.erase(idle.begin());
  }
  idle.push_back({std::move(connection), now});
}

std::vector<ConnectionPool::Idle> ConnectionPool::sweep(Clock::time_point now) {
  swept_ = now;
  std::vector<Idle> old;
  for (auto origin = idle_.begin(); origin != idle_.end();) {
    auto& idle = origin->second;
    const auto young = std::ranges::find_if(idle, [&](const Idle& each) { return now - each.since < idle_for_; });
    std::move(idle.begin(), young, std::back_inserter(old));
    idle.erase(idle.begin(), young);
    origin = idle.empty() ? idle_.erase(origin) : std::next(origin);
  }
  return old;
}

}  // namespace pais::http
