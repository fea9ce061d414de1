// Connections between two calls, by the origin they lead to.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "http/httplib_client.h"

namespace pais::http {

// From any thread. Nothing runs in the background: connections that have grown old are closed by the calls that come
// by, whatever origin those are for.
class ConnectionPool {
 public:
  ConnectionPool(std::size_t idle_per_origin, std::chrono::milliseconds idle_for);

  // The one that was used last and is still good, or null.
  std::unique_ptr<HttplibClient> take(const std::string& origin);

  // Keeps a connection whose last call left it reusable; beyond the limit the oldest one gives way.
  void keep(const std::string& origin, std::unique_ptr<HttplibClient> connection);

 private:
  using Clock = std::chrono::steady_clock;

  struct Idle {
    std::unique_ptr<HttplibClient> connection;
    Clock::time_point since;
  };

  // With the lock held; what is returned wants to be closed without it.
  std::vector<Idle> sweep(Clock::time_point now);

  const std::size_t idle_per_origin_;
  const std::chrono::milliseconds idle_for_;
  std::mutex mutex_;                                         // guards all below
  std::unordered_map<std::string, std::vector<Idle>> idle_;  // oldest first
  Clock::time_point swept_ = Clock::now();
};

}  // namespace pais::http
