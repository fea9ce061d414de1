// Where a Redis is and how to get in: redis://[[user]:password@]host[:port][/db], rediss:// for TLS,
// unix://[[user]:password@]/path[?db=n]. Values may be percent-encoded.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "http/connection.h"

namespace pais::memory {

struct RedisAddress {
  http::Endpoint endpoint = {};
  bool tls = false;
  std::string user = {};
  std::string password = {};
  int db = 0;
};

// invalid_setting says what is wrong and never quotes the text: it holds a password.
Result<RedisAddress> read_redis_url(std::string_view url);

}  // namespace pais::memory
