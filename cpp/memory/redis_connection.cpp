#include "memory/redis_connection.h"

#include <utility>

namespace pais::memory {
namespace {

constexpr std::size_t kReadBytes = 16 * 1024;

// Of all answers to one exchange. A session's events come to 32 MiB at the very most.
constexpr std::size_t kMaxAnswerBytes = 256 * 1024 * 1024;

Error refused(const RedisReply& reply) {
  return {.code = Code::unreachable, .cause = reply.text};
}

}  // namespace

Result<RedisConnection> RedisConnection::open(const RedisAddress& address, const std::string& ca_file,
                                              http::Deadline deadline, const std::stop_token& stop) {
  auto stream = http::Connection::open(address.endpoint, deadline, stop);
  if (!stream) return stream.error();
  if (address.tls) {
    auto trust = http::TlsTrust::shared(ca_file);
    if (!trust) return trust.error();
    auto secured = stream->start_tls(*std::move(trust), address.endpoint.host, deadline, stop);
    if (!secured) return secured.error();
  }
  RedisConnection connection(*std::move(stream));
  if (auto ready = connection.log_in(address, deadline, stop); !ready) return ready.error().during("logging in");
  auto brought = connection.bring_scripts(deadline, stop);
  if (!brought) return brought.error().during("bringing the scripts");
  return connection;
}

Result<void> RedisConnection::log_in(const RedisAddress& address, http::Deadline deadline,
                                     const std::stop_token& stop) {
  std::vector<RedisCommand> commands;
  if (!address.user.empty()) {
    commands.push_back({"AUTH", address.user, address.password});
  } else if (!address.password.empty()) {
    commands.push_back({"AUTH", address.password});
  }
  if (address.db != 0) commands.push_back({"SELECT", std::to_string(address.db)});
  std::string bytes;
  for (const RedisCommand& command : commands) add_command(bytes, command);
  const auto replies = exchange(bytes, commands.size(), deadline, stop);
  if (!replies) return replies.error();
  for (const RedisReply& reply : *replies) {
    if (reply.is_error()) return refused(reply);
  }
  return {};
}

Result<void> RedisConnection::bring_scripts(http::Deadline deadline, const std::stop_token& stop) {
  std::string bytes;
  for (std::size_t i = 0; i < kRedisScripts; ++i) {
    add_command(bytes, {"SCRIPT", "LOAD", script_text(static_cast<RedisScript>(i))});
  }
  auto replies = exchange(bytes, kRedisScripts, deadline, stop);
  if (!replies) return replies.error();
  for (std::size_t i = 0; i < kRedisScripts; ++i) {
    RedisReply& reply = (*replies)[i];
    if (reply.is_error()) return refused(reply);
    hashes_[i] = std::move(reply.text);
  }
  return {};
}

Result<std::vector<RedisReply>> RedisConnection::call(std::span<const RedisCall> calls, http::Deadline deadline,
                                                      const std::stop_token& stop) {
  std::string bytes;
  for (const RedisCall& call : calls) {
    begin_command(bytes, call.command.size() + (call.script ? 3 : 0));
    if (call.script) {
      add_word(bytes, "EVALSHA");
      add_word(bytes, hashes_[static_cast<std::size_t>(*call.script)]);
      add_word(bytes, std::to_string(call.keys));
    }
    for (const std::string& word : call.command) add_word(bytes, word);
  }
  return exchange(bytes, calls.size(), deadline, stop);
}

Result<std::vector<RedisReply>> RedisConnection::exchange(const std::string& bytes, std::size_t replies,
                                                          http::Deadline deadline, const std::stop_token& stop) {
  if (auto sent = stream_.write(bytes, deadline, stop); !sent) return sent.error();
  std::vector<RedisReply> answered;
  std::array<char, kReadBytes> buffer;
  std::size_t received = 0;
  while (answered.size() < replies) {
    auto reply = reader_.next();
    if (!reply) return reply.error();
    if (*reply) {
      answered.push_back(std::move(**reply));
      continue;
    }
    const auto size = stream_.read(buffer, deadline, stop);
    if (!size) return size.error();
    if (*size == 0) return Error{.code = Code::unreachable, .cause = "the Redis has hung up"};
    received += *size;
    if (received > kMaxAnswerBytes) return Error{.code = Code::too_large, .cause = "an answer without an end"};
    if (auto fed = reader_.feed({buffer.data(), *size}); !fed) return fed.error();
  }
  return answered;
}

}  // namespace pais::memory
