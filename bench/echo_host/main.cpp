// pais-echo-host: the smallest host on our HTTP front. What `bench/front` measures is the front alone.
#include <csignal>
#include <cstdio>
#include <utility>

#include "http/server.h"
#include "wire/arguments.h"
#include "wire/socket.h"

namespace pais::bench {
namespace {

void answer_health(const std::shared_ptr<http::Exchange>& exchange) {
  exchange->reply(http::Response{.body = R"({"status":"healthy","name":"echo"})"});
}

void echo(const std::shared_ptr<http::Exchange>& exchange) {
  exchange->reply(http::Response{.body = exchange->request().body});
}

// Health on the reactor; echo as a short piece of work, and as a run that is counted and may have to wait.
std::vector<http::Route> routes() {
  return {
      {.method = "GET", .pattern = "/health", .lane = http::Lane::at_once, .handler = answer_health, .quiet = true},
      {.method = "POST", .pattern = "/echo", .lane = http::Lane::work, .handler = echo},
      {.method = "POST", .pattern = "/echo-run", .lane = http::Lane::run, .handler = echo},
  };
}

sigset_t ending_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  return signals;
}

Result<void> main(int argc, char** argv) {
  Arguments arguments(argc, argv, 1);
  http::ServerOptions options;
  options.host = arguments.text("host", "127.0.0.1");
  options.port = static_cast<int>(arguments.number("port", 0, 0, 65'535));
  if (auto verdict = arguments.verdict(); !verdict) return verdict;

  const auto server = http::Server::create(options, routes());
  if (auto started = server->start(); !started) return started;
  std::printf("Listening on http://%s:%d\n", options.host.c_str(), server->port());
  std::fflush(stdout);

  const auto signals = ending_signals();
  int received = 0;
  sigwait(&signals, &received);
  server->stop();
  return {};
}

}  // namespace
}  // namespace pais::bench

int main(int argc, char** argv) {
  // Blocked before any thread is born, so that only main hears them.
  const auto signals = pais::bench::ending_signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  pais::bench::raise_file_limit();
  const auto done = pais::bench::main(argc, argv);
  if (done) return 0;
  std::fprintf(stderr, "pais-echo-host: %s\n", done.error().describe().c_str());
  return 1;
}
