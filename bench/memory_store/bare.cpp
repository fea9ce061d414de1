#include "memory_store/bare.h"

#include <chrono>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "hiredis/hiredis.h"

#include "base/clock.h"
#include "base/ids.h"
#include "memory/event.h"

namespace pais::bench {
namespace {

constexpr std::string_view kScheme = "unix://";

using Connection = std::shared_ptr<redisContext>;

Result<Connection> connect(const std::string& url) {
  if (!url.starts_with(kScheme)) {
    return Error{.code = Code::invalid_setting, .cause = "'" + url + "' is not like unix:///run/redis.sock"};
  }
  Connection connection(redisConnectUnix(url.substr(kScheme.size()).c_str()), redisFree);
  if (connection == nullptr || connection->err != 0) {
    return Error{.code = Code::memory_unavailable, .cause = "no Redis at " + url};
  }
  return connection;
}

void send(redisContext* connection, const std::vector<std::string_view>& words) {
  std::vector<const char*> texts;
  std::vector<std::size_t> lengths;
  for (const std::string_view word : words) {
    texts.push_back(word.data());
    lengths.push_back(word.size());
  }
  redisAppendCommandArgv(connection, static_cast<int>(words.size()), texts.data(), lengths.data());
}

bool is_answered(redisContext* connection) {
  void* answer = nullptr;
  if (redisGetReply(connection, &answer) != REDIS_OK) return false;
  const bool is_error = static_cast<redisReply*>(answer)->type == REDIS_REPLY_ERROR;
  freeReplyObject(answer);
  return !is_error;
}

std::string event(memory::EventType type, const char* text) {
  const memory::TurnMark mark{.run_id = new_run_id(), .trace_id = random_hex(32), .span_id = random_hex(16)};
  return memory::event_json(memory::make_event(type, {.text = text}, mark));
}

}  // namespace

Result<Ask> ping(const std::string& url) {
  auto connection = connect(url);
  if (!connection) return connection.error();
  return Ask([connection = *std::move(connection)] {
    send(connection.get(), {"PING"});
    return is_answered(connection.get());
  });
}

Result<Ask> keep_turn(const std::string& url) {
  auto connection = connect(url);
  if (!connection) return connection.error();
  const std::string now = iso_time(std::chrono::system_clock::now());
  return Ask([connection = *std::move(connection), prompt = event(memory::EventType::user_message, "hello"),
              answer = event(memory::EventType::agent_response, "hello"), now] {
    const std::string id = new_session_id();
    const std::string session = "bare:session:" + id;
    const std::string events = "bare:events:" + id;
    send(connection.get(), {"RPUSH", events, prompt, answer});
    send(connection.get(), {"HSET", session, "session_id", id, "user_id", "user", "app_name", "agent", "created_at",
                            now, "updated_at", now});
    send(connection.get(), {"ZADD", "bare:sessions", "1800000000.123456", id});
    bool is_kept = true;
    for (int command = 0; command < 3; ++command) is_kept = is_answered(connection.get()) && is_kept;
    return is_kept;
  });
}

}  // namespace pais::bench
