#include "http/server.h"

#include <atomic>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "gmock/gmock.h"

#include "support/eventually.h"
#include "support/raw_case.h"

namespace pais::http {
namespace {

using test::eventually;
using test::expect_error;
using test::get;
using test::Parked;
using test::post;
using test::RawAnswer;
using test::RawClient;
using test::Reading;
using test::TestServer;
using test::text;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

// A route of GET `/it` in that lane.
Route route(Lane lane, Handler handler) {
  return {.method = "GET", .pattern = "/it", .lane = lane, .handler = std::move(handler)};
}

constexpr Lane kLanes[] = {Lane::at_once, Lane::work, Lane::run};

TEST(Server, AnswersOneRequestAfterAnotherOnAConnection) {
  TestServer server;
  RawClient client(server.port());

  for (const char* body : {"first", "", "third"}) {
    client.send(post("/echo", body));
    const RawAnswer answer = client.read_answer();
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, body);
    EXPECT_EQ(answer.header("Content-Type"), "application/json");
    EXPECT_EQ(answer.header("Connection"), "keep-alive");
    EXPECT_THAT(std::string(answer.header("Date")), HasSubstr(" GMT"));
  }
}

TEST(Server, ShowsTheHandlerTheRequestAsItWasSent) {
  Request seen;
  TestServer server({{.method = "POST", .pattern = "/things/{id}", .handler = [&](auto exchange) {
                        seen = exchange->request();
                        exchange->reply(text("{}"));
                      }}});

  RawClient client(server.port());
  client.send(
      post("/things/a%2Fb?limit=5&name=a%20b", "the body", "REMOTE_ADDR: 6.6.6.6\r\nX-Value: %0d%0a \r\nX-None:\r\n"));
  client.read_answer();

  EXPECT_EQ(seen.method, "POST");
  EXPECT_EQ(seen.path, "/things/a%2Fb");
  EXPECT_EQ(seen.path_parameter, "a%2Fb");
  EXPECT_THAT(seen.query, ElementsAre(Pair("limit", "5"), Pair("name", "a b")));
  EXPECT_EQ(seen.body, "the body");
  EXPECT_THAT(seen.headers, ElementsAre(Pair("Host", "localhost"), Pair("Content-Length", "8"),
                                        Pair("REMOTE_ADDR", "6.6.6.6"), Pair("X-Value", "%0d%0a"), Pair("X-None", "")));
  EXPECT_THAT(seen.peer, testing::StartsWith("127.0.0.1:"));
}

TEST(Server, AnswersPipelinedRequestsInOrder) {
  Parked parked;
  TestServer server({{.method = "GET", .pattern = "/slow", .lane = Lane::run, .handler = parked.handler()}});
  RawClient client(server.port());

  client.send(get("/slow") + get("/health") + post("/echo", "third") + get("/nowhere") + post("/echo", "fifth"));
  const auto slow = parked.next();
  EXPECT_TRUE(server.healthy()) << "on another connection";
  EXPECT_FALSE(client.has_news());
  slow->reply(text("first"));

  EXPECT_EQ(client.read_answer().body, "first");
  EXPECT_THAT(client.read_answer().body, HasSubstr("healthy"));
  EXPECT_EQ(client.read_answer().body, "third");
  EXPECT_EQ(client.read_answer().status, 404);
  EXPECT_EQ(client.read_answer().body, "fifth");
}

TEST(Server, AnswersAPipelineLongerThanWhatItReadsAtOnce) {
  TestServer server;
  RawClient client(server.port());
  constexpr int kRequests = 5'000;
  std::jthread writer([&] {
    std::string all;
    for (int i = 0; i < kRequests; ++i) all += post("/echo", std::to_string(i));
    client.send(all);
  });

  for (int i = 0; i < kRequests; ++i) ASSERT_EQ(client.read_answer().body, std::to_string(i));
}

TEST(Server, HeadIsGetWithoutTheBody) {
  TestServer server;
  RawClient client(server.port());
  client.send(get("/health"));
  const RawAnswer with_body = client.read_answer();

  client.send("HEAD /health HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const RawAnswer head = client.read_answer(Reading::answer_without_body);

  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.header("Content-Length"), with_body.header("Content-Length"));
  client.send(get("/health"));
  EXPECT_EQ(client.read_answer().status, 200) << "nothing stood between the two answers";
}

TEST(Server, AnErrorToHeadHasNoBodyEither) {
  TestServer server;
  for (const char* target : {"/nowhere", "/echo", "/health?????"}) {
    RawClient client(server.port());

    client.send("HEAD " + std::string(target) + " HTTP/1.1\r\nHost: localhost\r\n\r\n" + get("/health"));
    client.read_answer(Reading::answer_without_body);

    EXPECT_EQ(client.read_answer().status, 200) << target;
  }
}

TEST(Server, AQueryThatIsRefusedForHeadHasNoBodyEither) {
  TestServer server;
  RawClient client(server.port());

  client.send("HEAD /health?" + std::string(8'000, '?') + " HTTP/1.1\r\nHost: localhost\r\n\r\n" + get("/health"));
  client.read_answer(Reading::answer_without_body);

  EXPECT_EQ(client.read_answer().status, 200);
}

TEST(Server, SaysWhichMethodsAPathKnows) {
  TestServer server;

  const RawAnswer wrong = server.ask("DELETE /health HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const RawAnswer options = server.ask("OPTIONS /echo HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const RawAnswer star = server.ask("OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n");

  expect_error(wrong, Code::method_not_allowed);
  EXPECT_EQ(wrong.header("Allow"), "GET, HEAD, OPTIONS");
  EXPECT_EQ(options.status, 204);
  EXPECT_EQ(options.header("Allow"), "POST, OPTIONS");
  EXPECT_EQ(options.header("Content-Length"), "");
  EXPECT_EQ(star.status, 204);
  expect_error(server.ask(get("/nowhere")), Code::not_found);
}

TEST(Server, EveryAnswerHasARequestId) {
  TestServer server;
  const auto id_for = [&](const std::string& headers) {
    return std::string(server.ask(get("/health", headers)).header("X-Request-ID"));
  };

  EXPECT_EQ(id_for("X-Request-ID: abc-123\r\n"), "abc-123");
  EXPECT_EQ(id_for("x-request-id: " + std::string(128, 'a') + "\r\n"), std::string(128, 'a'));
  for (const std::string& odd :
       {std::string(), std::string("X-Request-ID:\r\n"), "X-Request-ID: " + std::string(129, 'a') + "\r\n",
        std::string("X-Request-ID: a b\r\n"), std::string("X-Request-ID: \xc3\xa4\r\n")}) {
    EXPECT_THAT(id_for(odd), testing::MatchesRegex("[0-9a-f]{32}")) << odd;
  }
  EXPECT_NE(id_for(""), id_for(""));
}

TEST(Server, AHandlerThatThrowsIsAnInternalErrorWithoutItsText) {
  for (const Lane lane : kLanes) {
    TestServer server({route(lane, [](auto) { throw std::runtime_error("/secret/path: password"); })});

    const RawAnswer answer = server.ask(get("/it"));

    expect_error(answer, Code::internal);
    EXPECT_TRUE(server.healthy());
  }
}

TEST(Server, AHandlerThatThrowsWhatIsNoExceptionIsAnInternalErrorToo) {
  TestServer server({route(Lane::run, [](auto) { throw 42; })});

  expect_error(server.ask(get("/it")), Code::internal);
}

TEST(Server, AHandlerWithoutAnAnswerIsAnInternalError) {
  for (const Lane lane : kLanes) {
    TestServer server({route(lane, [](auto) {})});

    expect_error(server.ask(get("/it")), Code::internal);
  }
}

TEST(Server, AnErrorOfAHandlerIsToldByItsCodeAlone) {
  TestServer server({route(Lane::work, [](auto exchange) {
    exchange->reply(Error{.code = Code::model_unreachable, .cause = "connect 10.0.0.1: refused", .doing = "asking"});
  })});

  expect_error(server.ask(get("/it")), Code::model_unreachable);
}

TEST(Server, SaysWhenToComeBack) {
  TestServer server({route(Lane::work, [](auto exchange) {
    exchange->reply(Error{.code = Code::too_many_runs, .cause = "", .retry_after = std::chrono::seconds(7)});
  })});

  EXPECT_EQ(server.ask(get("/it")).header("Retry-After"), "7");
}

class Journal : public Observer {
 public:
  void answered(const Answered& answer) override {
    const std::scoped_lock lock(mutex_);
    entries_.push_back(
        std::string(answer.method) + " " + std::string(answer.route) + " " + std::to_string(answer.status) +
        (answer.code ? " " + std::string(facts(*answer.code).name) : "") + (answer.client_left ? " left" : ""));
  }
  std::vector<std::string> entries() const {
    const std::scoped_lock lock(mutex_);
    return entries_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> entries_;
};

TEST(Server, AnObserverHearsOfEveryAnswerBeforeItIsSent) {
  Journal journal;
  TestServer server({{.method = "GET",
                      .pattern = "/stream/{id}",
                      .handler =
                          [](auto exchange) {
                            exchange->stream({.first = "data: x\n\n"});
                            exchange->finish();
                          }}},
                    {.observer = &journal});

  server.ask(post("/echo", "x"));
  server.ask("HEAD /health HTTP/1.1\r\nHost: localhost\r\n\r\n", Reading::answer_without_body);
  server.ask(get("/nowhere"));
  server.ask(get("/stream/7"));
  server.ask("nonsense\r\n\r\n");

  EXPECT_THAT(journal.entries(), ElementsAre("POST /echo 200", "HEAD /health 200", "GET  404 not_found",
                                             "GET /stream/{id} 200", "  400 bad_request"));
}

TEST(Server, AnObserverHearsWhetherTheClientHadLeft) {
  Journal journal;
  Parked parked;
  TestServer server({route(Lane::run, parked.handler())}, {.observer = &journal});
  RawClient client(server.port());
  client.send(get("/it"));
  const auto exchange = parked.next();

  client.close();
  ASSERT_TRUE(eventually([&] { return exchange->gone().stop_requested(); }));
  exchange->reply(Error{.code = Code::cancelled, .cause = ""});

  EXPECT_THAT(journal.entries(), ElementsAre("GET /it 499 cancelled left"));
}

TEST(Server, CountsWhatIsGoingOn) {
  Parked parked;
  TestServer server({route(Lane::run, parked.handler())});
  RawClient client(server.port());
  const std::string request = get("/it");
  client.send(request);
  auto exchange = parked.next();

  const Stats during = server->stats();
  EXPECT_EQ(during.connections, 1U);
  EXPECT_EQ(during.exchanges, 1U);
  EXPECT_EQ(during.runs, 1U);
  EXPECT_EQ(during.bytes_in, request.size());
  EXPECT_EQ(during.bytes_out, 0U);

  exchange->reply(text("done"));
  exchange.reset();
  client.read_answer();
  EXPECT_TRUE(eventually([&] { return server->stats().exchanges == 0 && server->stats().runs == 0; }));
  EXPECT_GT(server->stats().bytes_out, 0U);
}

TEST(Server, AHeaderOfAHandlerCannotBreakOutOfItsLine) {
  TestServer server({route(Lane::work, [](auto exchange) {
    exchange->reply(Response{.headers = {{"X-Bad", "a\r\nSet-Cookie: b"}, {"X-Good", "c"}}, .body = "{}"});
  })});

  const RawAnswer answer = server.ask(get("/it"));

  EXPECT_EQ(answer.header("X-Bad"), "");
  EXPECT_EQ(answer.header("Set-Cookie"), "");
  EXPECT_EQ(answer.header("X-Good"), "c");
}

TEST(Server, ServesAHundredClientsAtOnce) {
  std::atomic<int> works{0};
  TestServer server({route(Lane::work, [&](auto exchange) {
    ++works;
    exchange->reply(text("worked"));
  })});
  constexpr int kClients = 100;
  constexpr int kRounds = 20;
  std::atomic<int> right{0};
  {
    std::vector<std::jthread> clients;
    for (int i = 0; i < kClients; ++i) {
      clients.emplace_back([&, i] {
        RawClient client(server.port());
        for (int round = 0; round < kRounds; ++round) {
          const std::string body(static_cast<std::size_t>(i * 100 + round), static_cast<char>('a' + i % 26));
          client.send(post("/echo", body) + get("/health") + get("/it") + get("/nowhere"));
          right += client.read_answer().body == body;
          right += client.read_answer().status == 200;
          right += client.read_answer().body == "worked";
          right += client.read_answer().status == 404;
        }
      });
    }
  }

  EXPECT_EQ(right, kClients * kRounds * 4);
  EXPECT_EQ(works, kClients * kRounds);
  EXPECT_TRUE(eventually([&] { return server->stats().connections == 0 && server->stats().exchanges == 0; }));
}

TEST(Server, APortThatIsTakenIsAnErrorAndNoServer) {
  TestServer first;
  const auto second = Server::create({.port = first.port()}, {});

  const auto started = second->start();

  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, Code::unreachable);
  second->stop();
  second->drain(std::chrono::milliseconds(0), std::chrono::milliseconds(0));
}

}  // namespace
}  // namespace pais::http
