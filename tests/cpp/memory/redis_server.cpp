#include "redis_server.h"

#include <chrono>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <utility>

#include "gtest/gtest.h"

#include "support/eventually.h"

namespace pais::memory {
namespace {

Result<std::vector<RedisReply>> ask(const RedisAddress& address, const RedisCommand& command) {
  const auto deadline = http::deadline_in(std::chrono::seconds(20));
  auto connection = RedisConnection::open(address, {}, deadline, {});
  if (!connection) return connection.error();
  const RedisCall call{.command = command};
  return connection->call(std::span(&call, 1), deadline, {});
}

}  // namespace

RedisServer::RedisServer(std::vector<std::string> options) : options_(std::move(options)) {
  start();
}

RedisServer::~RedisServer() {
  kill();
}

RedisAddress RedisServer::address() const {
  RedisAddress address;
  address.endpoint.socket_path = socket();
  const auto password = std::find(options_.begin(), options_.end(), "--requirepass");
  if (password != options_.end()) address.password = *std::next(password);
  return address;
}

RedisServer& RedisServer::shared() {
  static RedisServer server;
  return server;
}

void RedisServer::start() {
  launch();
  const bool answers = test::eventually([&] {
    const auto replies = ask(address(), {"PING"});
    return replies && replies->front().text == "PONG";
  });
  ASSERT_TRUE(answers) << "redis-server did not start; is it installed?";
}

void RedisServer::launch() {
  std::vector<std::string> words{
      "redis-server", "--port", "0",          "--unixsocket", socket(),      "--dir", folder_.path(),
      "--save",       "",       "--loglevel", "warning",      "--daemonize", "no"};
  words.insert(words.end(), options_.begin(), options_.end());
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  process_ = fork();
  ASSERT_GE(process_, 0);
  if (process_ > 0) return;
  prctl(PR_SET_PDEATHSIG, SIGKILL);  // not to outlive a test that crashed
  const int log = open((folder_.path() / "redis.log").c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  dup2(log, STDOUT_FILENO);
  dup2(log, STDERR_FILENO);
  execvp(arguments[0], arguments.data());
  _exit(127);
}

void RedisServer::kill() {
  if (process_ <= 0) return;
  ::kill(process_, SIGKILL);
  waitpid(process_, nullptr, 0);
  process_ = -1;
}

void RedisServer::pause() {
  ASSERT_EQ(::kill(process_, SIGSTOP), 0);
  int status = 0;
  ASSERT_EQ(waitpid(process_, &status, WUNTRACED), process_);
  ASSERT_TRUE(WIFSTOPPED(status));
}

void RedisServer::resume() {
  ASSERT_EQ(::kill(process_, SIGCONT), 0);
}

RedisReply RedisServer::tell(const RedisCommand& command) const {
  auto replies = ask(address(), command);
  EXPECT_TRUE(replies) << replies.error().describe();
  return replies ? std::move(replies->front()) : RedisReply();
}

}  // namespace pais::memory
