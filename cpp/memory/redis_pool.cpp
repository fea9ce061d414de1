#include "memory/redis_pool.h"

#include <algorithm>
#include <utility>

namespace pais::memory {
namespace {

// Firewalls forget connections without a word.
constexpr std::chrono::seconds kMaxIdle(30);

// So shortly after its last answer a connection is taken to be well without a look, which is a call to the system: if
// it is not, the call is made once more on another.
constexpr std::chrono::milliseconds kSurelyWell(100);

bool lost_a_script(const std::vector<RedisReply>& replies) {
  return std::any_of(replies.begin(), replies.end(),
                     [](const RedisReply& reply) { return reply.is_error() && reply.error_code() == "NOSCRIPT"; });
}

}  // namespace

Result<std::vector<RedisReply>> RedisPool::call(std::span<const RedisCall> calls) {
  const http::Deadline deadline = http::deadline_in(options_.time);
  if (auto place = wait_for_place(deadline); !place) return place.error();
  if (auto idle = take_idle()) {
    auto replies = call_on(*idle, calls, deadline);
    if (replies) {
      give_back(*std::move(idle));
      return replies;
    }
    if (replies.error().code != Code::unreachable) {
      give_up();
      return replies;
    }
    drop_idle();
  }
  auto fresh = open(deadline);
  auto replies = fresh ? call_on(*fresh, calls, deadline) : fresh.error();
  if (replies) {
    give_back(*std::move(fresh));
  } else {
    give_up();
  }
  return replies;
}

Result<std::vector<RedisReply>> RedisPool::call_on(RedisConnection& connection, std::span<const RedisCall> calls,
                                                   http::Deadline deadline) const {
  auto replies = connection.call(calls, deadline, stop_.get_token());
  if (!replies || !lost_a_script(*replies)) return replies;
  if (auto brought = connection.bring_scripts(deadline, stop_.get_token()); !brought) return brought.error();
  return connection.call(calls, deadline, stop_.get_token());
}

Result<void> RedisPool::wait_for_place(http::Deadline deadline) {
  std::unique_lock lock(guard_);
  const auto is_free = [&] { return borrowed_ < options_.connections || stop_.stop_requested(); };
  if (!freed_.wait_until(lock, deadline, is_free)) {
    return Error{.code = Code::timed_out, .cause = "all connections to the Redis are busy"};
  }
  ++borrowed_;
  return {};
}

Result<RedisConnection> RedisPool::open(http::Deadline deadline) const {
  return RedisConnection::open(options_.address, options_.ca_file, deadline, stop_.get_token());
}

std::optional<RedisConnection> RedisPool::take_idle() {
  const auto now = std::chrono::steady_clock::now();
  for (;;) {
    std::optional<Idle> newest;
    {
      const std::scoped_lock lock(guard_);
      if (idle_.empty()) return std::nullopt;
      newest = std::move(idle_.back());
      idle_.pop_back();
    }
    const auto idle = now - newest->since;
    if (idle < kSurelyWell || (idle < kMaxIdle && newest->connection.is_fresh())) return std::move(newest->connection);
  }
}

void RedisPool::give_back(RedisConnection connection) {
  {
    const std::scoped_lock lock(guard_);
    --borrowed_;
    idle_.push_back({std::move(connection), std::chrono::steady_clock::now()});
  }
  freed_.notify_one();
}

void RedisPool::give_up() {
  {
    const std::scoped_lock lock(guard_);
    --borrowed_;
  }
  freed_.notify_one();
}

void RedisPool::drop_idle() {
  std::vector<Idle> dropped;
  const std::scoped_lock lock(guard_);
  dropped.swap(idle_);
}

void RedisPool::close() {
  stop_.request_stop();
  freed_.notify_all();
  drop_idle();
}

}  // namespace pais::memory
