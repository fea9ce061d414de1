#include "memory/redis_connection.h"

#include <utility>

namespace pais::memory {
namespace {

constexpr std::size_t kReadBytes = 16 * 1024;

// Of all answers to one exchange. A session's events come to 32 MiB at the very most.
constexpr std::size_t kMaxAnswerBytes = 256 * 1024 * 1024;

Error refused(const RedisReply& reply, const char* doing) {
  return {.code = Code::unreachable, .cause = reply.text, .doing = doing};
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
  if (auto ready = connection.log_in(address, deadline, stop); !ready) return ready.error();
  return connection;
}

Result<void> RedisConnection::log_in(const RedisAddress& address, http::Deadline deadline,
                                     const std::stop_token& stop) {
  std::string bytes;
  std::size_t commands = 0;
  const auto add = [&](const RedisCommand& command) {
    bytes += redis_bytes(command);
    ++commands;
  };
  const bool by_name = !address.user.empty();
  if (by_name) {
    add({"AUTH", address.user, address.password});
  } else if (!address.password.empty()) {
    add({"AUTH", address.password});
  }
  add({"SELECT", std::to_string(address.db)});
  const std::size_t before_scripts = commands;
  for (std::size_t i = 0; i < kRedisScripts; ++i) add({"SCRIPT", "LOAD", script_text(static_cast<RedisScript>(i))});

  auto replies = exchange(bytes, commands, deadline, stop);
  if (!replies) return replies.error().during("logging in");
  for (const RedisReply& reply : *replies) {
    if (reply.is_error()) return refused(reply, "logging in");
  }
  for (std::size_t i = 0; i < kRedisScripts; ++i) hashes_[i] = std::move((*replies)[before_scripts + i].text);
  return {};
}

Result<std::vector<RedisReply>> RedisConnection::call(std::span<const RedisCall> calls, http::Deadline deadline,
                                                      const std::stop_token& stop) {
  std::string bytes;
  for (const RedisCall& call : calls) {
    if (!call.script) {
      bytes += redis_bytes(call.command);
      continue;
    }
    RedisCommand command{"EVALSHA", hashes_[static_cast<std::size_t>(*call.script)], std::to_string(call.keys)};
    command.insert(command.end(), call.command.begin(), call.command.end());
    bytes += redis_bytes(command);
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
