// What becomes of a server and a client when the program forks while they are at work, and the child does not exec.
#include <algorithm>
#include <array>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

#include "gmock/gmock.h"

#include "http/client.h"
#include "http/server.h"
#include "support/eventually.h"
#include "support/raw_server.h"
#include "support/signal.h"
#include "support/test_server.h"

namespace pais::http {
namespace {

using namespace std::chrono_literals;
using test::eventually;
using test::get;
using test::Parked;
using test::RawAnswer;
using test::RawClient;
using test::RawPeer;
using test::RawServer;
using test::TestServer;
using test::text;

constexpr auto kSoon = 10s;  // for a child that waits for nobody

// How a child ended; -1 when it did not in good time, and had to be killed.
int status_of(pid_t child) {
  int status = -1;
  if (eventually([&] { return ::waitpid(child, &status, WNOHANG) == child; }, kSoon)) return status;
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  return -1;
}

bool sleeps(const std::filesystem::path& thread) {
  std::string facts;
  std::getline(std::ifstream(thread / "stat"), facts);
  const std::size_t name_ends = facts.rfind(')');
  return name_ends == std::string::npos || facts.substr(name_ends, 3) == ") S";
}

// A thread that is in a sanitizer's allocator just then would leave it locked for the child.
void let_other_threads_rest() {
  const std::string own = std::to_string(::gettid());
  EXPECT_TRUE(eventually(
      [&] {
        const std::filesystem::directory_iterator threads("/proc/self/task");
        return std::ranges::all_of(begin(threads), end(threads), [&](const auto& thread) {
          return thread.path().filename() == own || sleeps(thread.path());
        });
      },
      kSoon));
}

pid_t fork_at_rest() {
  let_other_threads_rest();
  return ::fork();
}

// A child of this process, that does no more than `act`, and exits as a program does: what is static is destroyed.
class Child {
 public:
  explicit Child(const std::function<void()>& act) : process_(fork_at_rest()) {
    if (process_ != 0) return;
    act();
    std::exit(kWell);
  }
  ~Child() {
    if (process_ > 0) status_of(process_);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  bool ends_well() {
    const int status = status_of(std::exchange(process_, -1));
    return status != -1 && WIFEXITED(status) && WEXITSTATUS(status) == kWell;
  }

 private:
  static constexpr int kWell = 77;  // no status that a program ends with by chance

  pid_t process_;
};

// Keeps a child alive until its parent lets go.
class Tether {
 public:
  Tether() { EXPECT_EQ(::pipe(ends_.data()), 0); }
  ~Tether() {
    let_go();
    ::close(ends_[0]);
  }
  Tether(const Tether&) = delete;
  Tether& operator=(const Tether&) = delete;

  void hold() {
    let_go();
    char byte = 0;
    [[maybe_unused]] const auto count = ::read(ends_[0], &byte, 1);
  }
  void let_go() {
    if (ends_[1] >= 0) ::close(std::exchange(ends_[1], -1));
  }

 private:
  std::array<int, 2> ends_{};
};

// A server that is static, as a library's is whose users just leave, and one exchange that waits for its answer.
class ForkedChild : public testing::Test {
 protected:
  ForkedChild() {
    server() = std::make_unique<TestServer>(
        std::vector<Route>{{.method = "GET", .pattern = "/it", .lane = Lane::run, .handler = parked_.handler()}},
        ServerOptions{});
    client_ = std::make_unique<RawClient>(server()->port());
    client_->send(get("/it"));
    exchange_ = parked_.next();
    EXPECT_TRUE(eventually([&] { return exchange_.use_count() == 1; })) << "the handler has returned";
  }
  ~ForkedChild() override {
    exchange_.reset();
    server().reset();
  }

  static std::unique_ptr<TestServer>& server() {
    static std::unique_ptr<TestServer> it;
    return it;
  }

  // That the client has had all that was meant for it.
  void expect_nothing_more() {
    client_->send(get("/health"));
    const RawAnswer next = client_->read_answer();
    EXPECT_EQ(next.status, 200);
    EXPECT_EQ(next.body, R"({"status":"healthy"})");
    EXPECT_EQ(client_->received(), "");
    EXPECT_FALSE(client_->has_news());
  }

  Parked parked_;
  std::unique_ptr<RawClient> client_;
  std::shared_ptr<Exchange> exchange_;
};

TEST_F(ForkedChild, LeavesTheAnswerToItsParent) {
  Child child([&] {
    exchange_.reset();
    server().reset();
  });
  EXPECT_TRUE(child.ends_well());
  EXPECT_FALSE(client_->has_news());

  EXPECT_TRUE(exchange_->reply(text("the parent's")));

  EXPECT_EQ(client_->read_answer().body, "the parent's");
  expect_nothing_more();
}

TEST_F(ForkedChild, MayLeaveEverythingToItsExit) {
  const std::stop_callback told(exchange_->gone(), [parent = ::getpid()] {
    if (::getpid() != parent) std::_Exit(1);
  });

  Child child([] {});
  EXPECT_TRUE(child.ends_well());
  EXPECT_FALSE(client_->has_news());

  exchange_->reply(text("the parent's"));

  EXPECT_EQ(client_->read_answer().body, "the parent's");
  expect_nothing_more();
}

TEST_F(ForkedChild, LeavesAStreamInMidAirToItsParent) {
  EventStream* const events = exchange_->stream({.first = "data: 1\n\n"});
  EXPECT_NE(client_->read_until("data: 1\n\n\r\n"), "");

  Child child([&] {
    events->write("data: the child's\n\n");
    exchange_->finish();
    exchange_.reset();
    server().reset();
  });
  EXPECT_TRUE(child.ends_well());
  EXPECT_FALSE(client_->has_news());

  EXPECT_TRUE(events->write("data: 2\n\n"));
  exchange_->finish();
  EXPECT_EQ(client_->read_until("0\r\n\r\n"), "9\r\ndata: 2\n\n\r\n0\r\n\r\n");
  expect_nothing_more();
}

TEST_F(ForkedChild, CannotAnswer) {
  Child child([&] {
    exchange_->promise_stream({.first = "data: the child's\n\n"}, 0ms);
    const bool said = exchange_->reply(text("the child's")) || exchange_->reply(Error{}) ||
                      exchange_->stream({.first = "data: the child's\n\n"}) != nullptr;
    if (said) std::_Exit(1);
  });
  EXPECT_TRUE(child.ends_well());
  EXPECT_FALSE(client_->has_news());

  exchange_->reply(text("the parent's"));

  EXPECT_EQ(client_->read_answer().body, "the parent's");
  expect_nothing_more();
}

TEST_F(ForkedChild, DoesNotStopOrDrainItsParentsServer) {
  Child child([&] {
    const std::stop_callback told(exchange_->gone(), [] { std::_Exit(1); });
    (*server())->drain(0ms, 0ms);
    (*server())->stop();
    if ((*server())->adopt(::dup(STDIN_FILENO))) std::_Exit(2);
    if ((*server())->stats().runs != 0) std::_Exit(3);
  });
  EXPECT_TRUE(child.ends_well());

  EXPECT_TRUE(server()->healthy());
  exchange_->reply(text("the parent's"));
  EXPECT_EQ(client_->read_answer().body, "the parent's");
  expect_nothing_more();
}

TEST_F(ForkedChild, MayServeItself) {
#if defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "the thread sanitizer allows no threads in the child of a program that has some";
#endif
  Child child([&] {
    TestServer own;
    if (!own.healthy()) std::_Exit(1);
  });
  EXPECT_TRUE(child.ends_well());

  exchange_->reply(text("the parent's"));
  EXPECT_EQ(client_->read_answer().body, "the parent's");
}

TEST_F(ForkedChild, ThatLivesOnDoesNotKeepClientsWaiting) {
  Tether tether;
  Child child([&] { tether.hold(); });
  RawClient idle(server()->port());
  const int port = server()->port();

  exchange_->reply(text("the parent's"));
  exchange_.reset();
  (*server())->drain(0ms, 5s);

  EXPECT_EQ(client_->read_answer().body, "the parent's");
  EXPECT_TRUE(client_->ends());
  EXPECT_TRUE(idle.ends());
  EXPECT_THROW(RawClient{port}, std::runtime_error) << "the child has the listener, too";
  tether.let_go();
  EXPECT_TRUE(child.ends_well());
}

TEST(LivingChild, DoesNotDisturbTheEndOfAServerThatNobodyHasCalled) {
  TestServer server;
  Tether tether;
  Child child([&] { tether.hold(); });

  server->drain(0ms, 5s);

  tether.let_go();
  EXPECT_TRUE(child.ends_well());
}

TEST(ForkingHandler, IsAnsweredByTheParentThoughTheChildReturns) {
  Parked parked;
  TestServer server({{.method = "GET", .pattern = "/fork", .lane = Lane::run, .handler = [&](auto exchange) {
                        const pid_t child = ::fork();
                        if (child == 0) {
                          ::close(STDERR_FILENO);  // a leak checker would miss the parent's threads
                          return;                  // as one that has forgotten where it is
                        }
                        exchange->reply(text(status_of(child) != -1 ? "ended" : "went on"));
                      }}});
  RawClient client(server.port());

  client.send(get("/fork"));

  EXPECT_EQ(client.read_answer().body, "ended");
  EXPECT_EQ(client.received(), "");
}

constexpr std::string_view kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

ClientRequest request(const RawServer& server) {
  return {.method = "POST", .url = server.url(), .body = "hello"};
}

TEST(ForkedClient, CallsOverConnectionsOfItsOwn) {
  RawServer server([](RawPeer& peer) {
    while (!peer.read_request().empty()) peer.send(kOk);
  });
  const auto client = std::make_unique<Client>(Client::Options{.trust_environment = false});
  ASSERT_TRUE(client->send(request(server)));

  Child child([&] {
    const auto answer = client->send(request(server));
    if (!answer || answer->body != "ok") std::_Exit(1);
  });
  EXPECT_TRUE(child.ends_well());
  EXPECT_EQ(server.connections(), 2);

  EXPECT_TRUE(client->send(request(server)));
  EXPECT_EQ(server.connections(), 2) << "the parent's connection is as good as ever";
}

TEST(ForkedClient, LeavesTheRestOfAnAnswerToItsParent) {
  test::Signal child_has_ended;
  RawServer server([&](RawPeer& peer) {
    peer.read_request();
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\none");
    EXPECT_TRUE(child_has_ended.wait());
    peer.send("two");
    peer.read_request();
  });
  const Client client({.trust_environment = false});
  std::string received;
  const Receiver receiver{.on_head = [](const ClientResponse&) { return true; },
                          .on_bytes =
                              [&](std::string_view bytes) {
                                received += bytes;
                                if (received != "one") return true;
                                const pid_t child = ::fork();
                                if (child == 0) return true;  // goes on as if the call were its own
                                EXPECT_EQ(status_of(child), 0);
                                child_has_ended.raise();
                                return true;
                              }};
  const pid_t parent = ::getpid();

  const auto answer = client.send(request(server), receiver);

  if (::getpid() != parent) std::_Exit(answer ? 1 : 0);
  EXPECT_TRUE(answer);
  EXPECT_EQ(received, "onetwo");
}

}  // namespace
}  // namespace pais::http
