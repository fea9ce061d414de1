// What is said to a Redis and what it answers, as plain values. Reading the protocol is hiredis's business.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

struct redisReader;

namespace pais::memory {

using RedisCommand = std::vector<std::string>;

// Commands as they go over the wire, one after another in one text: first how many words it has, then each of them.
void begin_command(std::string& bytes, std::size_t words);
void add_word(std::string& bytes, std::string_view word);
void add_command(std::string& bytes, const RedisCommand& command);

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
