#include "memory_store/ping.h"

#include <memory>
#include <string_view>

#include "hiredis/hiredis.h"

namespace pais::bench {
namespace {

constexpr std::string_view kScheme = "unix://";

bool answers(redisContext* connection) {
  void* const answer = redisCommand(connection, "PING");
  const bool pong = answer != nullptr && static_cast<redisReply*>(answer)->type == REDIS_REPLY_STATUS;
  if (answer != nullptr) freeReplyObject(answer);
  return pong;
}

}  // namespace

Result<Ask> ping(const std::string& url) {
  if (!url.starts_with(kScheme)) {
    return Error{.code = Code::invalid_setting, .cause = "'" + url + "' is not like unix:///run/redis.sock"};
  }
  const std::shared_ptr<redisContext> connection(redisConnectUnix(url.substr(kScheme.size()).c_str()), redisFree);
  if (connection == nullptr || connection->err != 0) {
    return Error{.code = Code::memory_unavailable, .cause = "no Redis at " + url};
  }
  return Ask([connection] { return answers(connection.get()); });
}

}  // namespace pais::bench
