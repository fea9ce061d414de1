// The HTTP front on a free port, with routes that tests have a use for.
#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/server.h"
#include "support/raw_client.h"

namespace pais::test {

// A GET of `path`, with more header lines if wanted ("Name: value\r\n").
inline std::string get(std::string_view path, std::string_view headers = {}) {
  return "GET " + std::string(path) + " HTTP/1.1\r\nHost: localhost\r\n" + std::string(headers) + "\r\n";
}

inline std::string post(std::string_view path, std::string_view body, std::string_view headers = {}) {
  return "POST " + std::string(path) +
         " HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
         std::string(headers) + "\r\n" + std::string(body);
}

// Exchanges whose handler has returned without an answer: the test gives it, when it wants.
class Parked {
 public:
  http::Handler handler() {
    return [this](std::shared_ptr<http::Exchange> exchange) {
      const std::scoped_lock lock(mutex_);
      parked_.push_back(std::move(exchange));
      came_.notify_all();
    };
  }

  // The one that came first; null when none comes.
  std::shared_ptr<http::Exchange> next() {
    std::unique_lock lock(mutex_);
    if (!came_.wait_for(lock, kPatience, [this] { return !parked_.empty(); })) return nullptr;
    auto exchange = std::move(parked_.front());
    parked_.pop_front();
    return exchange;
  }

  std::size_t size() const {
    const std::scoped_lock lock(mutex_);
    return parked_.size();
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable came_;
  std::deque<std::shared_ptr<http::Exchange>> parked_;
};

inline http::Response text(std::string body) {
  return http::Response{.body = std::move(body)};
}

// `/health` at once and for everybody, `/echo` as a run; a test adds its own.
class TestServer {
 public:
  explicit TestServer(std::vector<http::Route> routes = {}, http::ServerOptions options = {}) {
    routes.push_back({.method = "GET",
                      .pattern = "/health",
                      .lane = http::Lane::at_once,
                      .handler = [](auto exchange) { exchange->reply(text(R"({"status":"healthy"})")); },
                      .access = http::Access::open,
                      .quiet = true});
    routes.push_back({.method = "POST", .pattern = "/echo", .lane = http::Lane::run, .handler = [](auto exchange) {
                        exchange->reply(text(exchange->request().body));
                      }});
    server_ = http::Server::create(std::move(options), std::move(routes));
    if (auto started = server_->start(); !started) throw std::runtime_error(started.error().describe());
  }

  int port() const { return server_->port(); }
  http::Server* operator->() { return server_.get(); }
  http::Server& operator*() { return *server_; }

  // Over a connection of its own.
  RawAnswer ask(std::string_view request, Reading reading = Reading::answer) {
    RawClient client(port());
    client.send(request);
    return client.read_answer(reading);
  }

  bool healthy() { return ask(get("/health")).status == 200; }

  // Ends it here and now, for tests about what comes after.
  void destroy() { server_.reset(); }

 private:
  std::unique_ptr<http::Server> server_;
};

}  // namespace pais::test
