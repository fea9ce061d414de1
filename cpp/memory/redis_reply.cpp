#include "memory/redis_reply.h"

#include "hiredis/hiredis.h"
#include "hiredis/read.h"

namespace pais::memory {
namespace {

Error malformed(const char* cause) {
  return {.code = Code::malformed, .cause = cause, .doing = "reading the answer of the Redis"};
}

RedisReply value_of(const redisReply& reply) {
  RedisReply value;
  switch (reply.type) {
    case REDIS_REPLY_STRING:
    case REDIS_REPLY_STATUS:
      value.kind = RedisReply::Kind::text;
      value.text.assign(reply.str, reply.len);
      break;
    case REDIS_REPLY_ERROR:
      value.kind = RedisReply::Kind::error;
      value.text.assign(reply.str, reply.len);
      break;
    case REDIS_REPLY_INTEGER:
      value.kind = RedisReply::Kind::number;
      value.number = reply.integer;
      break;
    case REDIS_REPLY_ARRAY:
      value.kind = RedisReply::Kind::list;
      value.items.reserve(reply.elements);
      for (std::size_t i = 0; i < reply.elements; ++i) value.items.push_back(value_of(*reply.element[i]));
      break;
    default:
      break;
  }
  return value;
}

}  // namespace

std::string redis_bytes(const RedisCommand& command) {
  std::vector<const char*> words;
  std::vector<std::size_t> lengths;
  for (const std::string& word : command) {
    words.push_back(word.data());
    lengths.push_back(word.size());
  }
  char* formatted = nullptr;
  const int size = redisFormatCommandArgv(&formatted, static_cast<int>(words.size()), words.data(), lengths.data());
  if (size < 0) return {};
  std::string bytes(formatted, static_cast<std::size_t>(size));
  redisFreeCommand(formatted);
  return bytes;
}

const RedisReply& RedisReply::at(std::size_t index) const {
  static const RedisReply kNothing;
  return index < items.size() ? items[index] : kNothing;
}

void RedisReplyReader::Free::operator()(redisReader* reader) const {
  redisReaderFree(reader);
}

RedisReplyReader::RedisReplyReader() : reader_(redisReaderCreate()) {}

Result<void> RedisReplyReader::feed(std::string_view bytes) {
  if (reader_ && redisReaderFeed(reader_.get(), bytes.data(), bytes.size()) == REDIS_OK) return {};
  return malformed(reader_ ? reader_->errstr : "out of memory");
}

Result<std::optional<RedisReply>> RedisReplyReader::next() {
  void* read = nullptr;
  if (redisReaderGetReply(reader_.get(), &read) != REDIS_OK) return malformed(reader_->errstr);
  if (read == nullptr) return std::optional<RedisReply>();
  auto value = value_of(*static_cast<redisReply*>(read));
  freeReplyObject(read);
  return std::optional(std::move(value));
}

}  // namespace pais::memory
