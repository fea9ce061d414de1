#include "memory/redis_reply.h"

#include <array>
#include <charconv>

#include "hiredis/hiredis.h"
#include "hiredis/read.h"

namespace pais::memory {
namespace {

constexpr std::string_view kEndOfLine = "\r\n";

void add_number(std::string& bytes, char kind, std::size_t number) {
  std::array<char, 24> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  bytes += kind;
  bytes.append(digits.data(), end);
  bytes += kEndOfLine;
}

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

void begin_command(std::string& bytes, std::size_t words) {
  add_number(bytes, '*', words);
}

void add_word(std::string& bytes, std::string_view word) {
  add_number(bytes, '$', word.size());
  bytes += word;
  bytes += kEndOfLine;
}

void add_command(std::string& bytes, const RedisCommand& command) {
  begin_command(bytes, command.size());
  for (const std::string& word : command) add_word(bytes, word);
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
