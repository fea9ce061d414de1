// Clients that do everything at random, and what is left of them.
#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "gmock/gmock.h"

#include "http/server.h"
#include "support/eventually.h"
#include "support/test_server.h"

namespace pais::http {
namespace {

using namespace std::chrono_literals;
using test::eventually;
using test::get;
using test::post;
using test::RawAnswer;
using test::RawClient;
using test::TestServer;
using test::text;

constexpr int kClients = 64;
constexpr auto kFor = 2s;

// Answers from threads that the request did not come on, as agents do.
class LateAnswers {
 public:
  LateAnswers() {
    for (int i = 0; i < 4; ++i) threads_.emplace_back([this](const std::stop_token& stop) { answer_until(stop); });
  }

  Handler handler(bool stream) {
    return [this, stream](std::shared_ptr<Exchange> exchange) {
      const std::scoped_lock lock(mutex_);
      late_.emplace_back(std::move(exchange), stream);
      came_.notify_one();
    };
  }

 private:
  void answer_until(const std::stop_token& stop) {
    for (;;) {
      std::unique_lock lock(mutex_);
      if (!came_.wait(lock, stop, [this] { return !late_.empty(); })) return;
      const auto [exchange, stream] = std::move(late_.front());
      late_.pop_front();
      lock.unlock();
      answer(*exchange, stream);
    }
  }

  static void answer(Exchange& exchange, bool stream) {
    const std::string& body = exchange.request().body;
    if (!stream) {
      exchange.reply(text(body));
      return;
    }
    exchange.promise_stream({}, 0ms);
    EventStream* const events = exchange.stream({});
    for (int i = 0; i < 5 && events->write("data: " + body + "\n\n"); ++i) {
    }
    exchange.finish();
  }

  std::mutex mutex_;
  std::condition_variable_any came_;
  std::deque<std::pair<std::shared_ptr<Exchange>, bool>> late_;
  std::vector<std::jthread> threads_;
};

// One client's life: each answer it reads must be the one to its own request.
class Visitor {
 public:
  Visitor(int port, unsigned seed, std::atomic<int>& wrong) : port_(port), random_(seed), wrong_(wrong) {}

  void visit() {
    RawClient client(port_, one_in(8) ? 4'096 : 0);
    for (int round = 0; round < 4; ++round) {
      std::vector<Wanted> wanted;
      std::string bytes;
      for (int i = number(1, 6); i > 0; --i) bytes += ask(wanted);
      if (one_in(6)) bytes.resize(bytes.size() - static_cast<std::size_t>(number(1, static_cast<int>(bytes.size()))));
      if (!send_in_pieces(client, bytes)) return;
      switch (number(0, 7)) {
        case 0:
          return client.reset();
        case 1:
          return client.close();
        case 2:
          client.half_close();
          break;
        case 3:
          client.receive(1ms);
          return;
        default:
          break;
      }
      if (!read(client, wanted)) return;
    }
  }

 private:
  struct Wanted {
    int status;
    std::string body;  // "" when any will do
  };

  int number(int from, int to) { return std::uniform_int_distribution<int>(from, to)(random_); }
  bool one_in(int n) { return number(1, n) == 1; }

  std::string ask(std::vector<Wanted>& wanted) {
    const std::string body =
        std::to_string(number(0, 1 << 30)) + std::string(static_cast<std::size_t>(number(0, 2'000)), 'x');
    std::string events;
    for (int i = 0; i < 5; ++i) events += "data: " + body + "\n\n";
    switch (number(0, 6)) {
      case 0:
        wanted.push_back({200, ""});
        return get("/health");
      case 1:
        wanted.push_back({404, ""});
        return get("/nowhere");
      case 2:
        wanted.push_back({200, body});
        return post("/late", body);
      case 3:
        wanted.push_back({200, events});
        return post("/stream", body);
      case 4:
        wanted.push_back({400, ""});
        return get("/health", "Bad Line: x\r\n");
      default:
        wanted.push_back({200, body});
        return post("/echo", body);
    }
  }

  bool send_in_pieces(RawClient& client, std::string_view bytes) {
    while (!bytes.empty()) {
      const auto size = std::min(bytes.size(), static_cast<std::size_t>(number(1, 3'000)));
      if (!client.send(bytes.substr(0, size))) return false;
      bytes.remove_prefix(size);
    }
    return true;
  }

  // Until one is missing: a request may have been cut, and nothing follows a bad one.
  bool read(RawClient& client, const std::vector<Wanted>& wanted) {
    for (const Wanted& each : wanted) {
      // A short wait is not a wrong answer: half a request gets none.
      if (client.received().empty() && !client.receive(200ms)) return false;
      const RawAnswer answer = client.read_answer();
      if (!answer.whole) return false;
      if (answer.status == 400 || answer.status == 408 || answer.status == 503) return false;
      wrong_ += answer.status != each.status || (!each.body.empty() && answer.body != each.body);
    }
    return true;
  }

  const int port_;
  std::mt19937 random_;
  std::atomic<int>& wrong_;
};

TEST(ServerStress, RandomClientsGetTheirOwnAnswersAndLeaveNothingBehind) {
  LateAnswers late;
  TestServer server(
      {{.method = "POST", .pattern = "/late", .lane = Lane::run, .handler = late.handler(false)},
       {.method = "POST", .pattern = "/stream", .lane = Lane::run, .handler = late.handler(true)}},
      {.limits = {.connections = 48, .runs = 16, .waiting = 4096, .header_time = 300ms, .body_time = 300ms}});
  std::atomic<int> wrong{0};
  std::atomic<int> visits{0};
  const auto until = std::chrono::steady_clock::now() + kFor;
  {
    std::vector<std::jthread> clients;
    for (unsigned i = 0; i < kClients; ++i) {
      clients.emplace_back([&, i] {
        for (unsigned visit = 0; std::chrono::steady_clock::now() < until; ++visit) {
          Visitor(server.port(), i * 100'000 + visit, wrong).visit();
          ++visits;
        }
      });
    }
  }

  EXPECT_EQ(wrong, 0);
  EXPECT_TRUE(eventually([&] {
    const Stats stats = server->stats();
    return stats.connections == 0 && stats.exchanges == 0 && stats.runs == 0 && stats.waiting == 0;
  }));
  EXPECT_TRUE(server.healthy());
  std::printf("%d visits\n", visits.load());
}

}  // namespace
}  // namespace pais::http
