#include "memory/redis_reply.h"

#include "hiredis/hiredis.h"
#include "hiredis/read.h"

namespace pais::memory {
namespace {

Error malformed(const char* cause) {
  return {.code = Code::malformed, .cause = cause, .doing = "reading the answer of the Redis"};
}

// hiredis calls these while it reads. An answer grows with the bytes of it that have arrived, whatever length it claims
// to have; the parts of a list come one after another, each whole before the next.
RedisReply* place_for(const redisReadTask* task, RedisReply::Kind kind) {
  if (task->parent == nullptr) return new RedisReply{.kind = kind};
  auto& list = *static_cast<RedisReply*>(task->parent->obj);
  return &list.items.emplace_back(RedisReply{.kind = kind});
}

void* create_string(const redisReadTask* task, char* text, std::size_t size) {
  const bool is_error = task->type == REDIS_REPLY_ERROR;
  RedisReply* reply = place_for(task, is_error ? RedisReply::Kind::error : RedisReply::Kind::text);
  reply->text.assign(text, size);
  return reply;
}

// The type of the count differs between versions of hiredis.
template <typename Count>
void* create_array(const redisReadTask* task, Count) {
  return place_for(task, RedisReply::Kind::list);
}

void* create_integer(const redisReadTask* task, long long value) {
  RedisReply* reply = place_for(task, RedisReply::Kind::number);
  reply->number = value;
  return reply;
}

void* create_nothing(const redisReadTask* task) {
  return place_for(task, RedisReply::Kind::nothing);
}

void free_reply(void* reply) {
  delete static_cast<RedisReply*>(reply);
}

// Newer versions know more types, which no Redis sends unless it is asked to; they are read as nothing.
template <typename Functions>
Functions functions_of_reader() {
  Functions functions{};
  functions.createString = create_string;
  functions.createArray = create_array;
  functions.createInteger = create_integer;
  functions.createNil = create_nothing;
  functions.freeObject = free_reply;
  if constexpr (requires { functions.createDouble; }) {
    functions.createDouble = [](const redisReadTask* task, double, char*, std::size_t) { return create_nothing(task); };
    functions.createBool = [](const redisReadTask* task, int) { return create_nothing(task); };
  }
  return functions;
}

}  // namespace

std::string redis_bytes(std::span<const std::string_view> words) {
  std::vector<const char*> texts;
  std::vector<std::size_t> lengths;
  for (const std::string_view word : words) {
    texts.push_back(word.data());
    lengths.push_back(word.size());
  }
  char* formatted = nullptr;
  const int size = redisFormatCommandArgv(&formatted, static_cast<int>(words.size()), texts.data(), lengths.data());
  if (size < 0) return {};
  std::string bytes(formatted, static_cast<std::size_t>(size));
  redisFreeCommand(formatted);
  return bytes;
}

std::string redis_bytes(const RedisCommand& command) {
  return redis_bytes(std::vector<std::string_view>(command.begin(), command.end()));
}

const RedisReply& RedisReply::at(std::size_t index) const {
  static const RedisReply kNothing;
  return index < items.size() ? items[index] : kNothing;
}

void RedisReplyReader::Free::operator()(redisReader* reader) const {
  redisReaderFree(reader);
}

RedisReplyReader::RedisReplyReader() {
  static auto functions = functions_of_reader<redisReplyObjectFunctions>();
  reader_.reset(redisReaderCreateWithFunctions(&functions));
}

Result<void> RedisReplyReader::feed(std::string_view bytes) {
  if (reader_ && redisReaderFeed(reader_.get(), bytes.data(), bytes.size()) == REDIS_OK) return {};
  return malformed(reader_ ? reader_->errstr : "out of memory");
}

Result<std::optional<RedisReply>> RedisReplyReader::next() {
  void* read = nullptr;
  if (redisReaderGetReply(reader_.get(), &read) != REDIS_OK) return malformed(reader_->errstr);
  if (read == nullptr) return std::optional<RedisReply>();
  const std::unique_ptr<RedisReply> reply(static_cast<RedisReply*>(read));
  return std::optional(std::move(*reply));
}

}  // namespace pais::memory
