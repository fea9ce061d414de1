// What is said to a Redis and what it answers, as plain values. The protocol itself is hiredis's business.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

struct redisReader;

namespace pais::memory {

using RedisCommand = std::vector<std::string>;

std::string redis_bytes(std::span<const std::string_view> words);
std::string redis_bytes(const RedisCommand& command);

struct RedisReply {
  enum class Kind { nothing, text, number, list, error };
  Kind kind = Kind::nothing;
  std::string text = {};  // of a text, a status or an error
  std::int64_t number = 0;
  std::vector<RedisReply> items = {};

  bool is_error() const { return kind == Kind::error; }
  // The first word of an error: "WRONGTYPE".
  std::string_view error_code() const { return std::string_view(text).substr(0, text.find(' ')); }
  // Beyond the end of a list there is nothing.
  const RedisReply& at(std::size_t index) const;
};

// Takes answers apart as their bytes come.
class RedisReplyReader {
 public:
  RedisReplyReader();

  // `malformed` when it is not the protocol; the connection is of no use then.
  Result<void> feed(std::string_view bytes);
  Result<std::optional<RedisReply>> next();

 private:
  struct Free {
    void operator()(redisReader* reader) const;
  };

  std::unique_ptr<redisReader, Free> reader_;
};

}  // namespace pais::memory
