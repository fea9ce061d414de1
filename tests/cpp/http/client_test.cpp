// The client over real sockets: what it sends, what it makes of answers, when it gives up.
#include "http/client.h"

#include <atomic>
#include <cstring>
#include <sys/un.h>
#include <thread>

#include "gmock/gmock.h"

#include "support/plumbing.h"
#include "support/raw_server.h"

namespace pais::http {
namespace {

using std::chrono::milliseconds;
using test::RawPeer;
using test::RawServer;
using test::Signal;
using testing::AllOf;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::Pair;
using testing::StartsWith;

constexpr std::string_view kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

Client direct() {
  return Client({.trust_environment = false});
}

ClientRequest post(std::string url, std::string body = "{}") {
  return {.url = std::move(url), .body = std::move(body)};
}

ClientRequest get(std::string url) {
  return {.method = "GET", .url = std::move(url)};
}

// Answers every request of a connection with the same bytes.
RawServer::Script answering(std::string bytes) {
  return [bytes = std::move(bytes)](RawPeer& peer) {
    while (!peer.read_request().empty()) peer.send(bytes);
  };
}

// "answer 200", or the name of the failure.
std::string outcome(const Result<ClientResponse>& answer) {
  return answer ? "answer " + std::to_string(answer->status) : std::string(test::plumbing(answer.error().code));
}

// --- what is sent ---

TEST(Client, SendsOneWellFormedRequest) {
  std::string request;
  RawServer server([&](RawPeer& peer) {
    request = peer.read_request();
    peer.send(kOk);
  });

  const auto answer = direct().send({.url = server.url("/v1/chat?x=%20y&z"),
                                     .headers = {{"Authorization", "Bearer key"}, {"X-Two", "a"}, {"X-Two", "b"}},
                                     .body = R"({"model":"m"})"});

  ASSERT_TRUE(answer) << answer.error().describe();
  EXPECT_THAT(request, StartsWith("POST /v1/chat?x=%20y&z HTTP/1.1\r\n"));
  EXPECT_THAT(request, EndsWith("\r\n\r\n{\"model\":\"m\"}"));
  for (const std::string& line :
       {"Host: 127.0.0.1:" + std::to_string(server.port()), std::string("User-Agent: pais"),
        std::string("Content-Length: 13"), std::string("Content-Type: application/json"),
        std::string("Authorization: Bearer key"), std::string("X-Two: a"), std::string("X-Two: b")}) {
    const std::size_t at = request.find("\r\n" + line + "\r\n");
    EXPECT_NE(at, std::string::npos) << line << " in\n" << request;
    EXPECT_EQ(request.find("\r\n" + line + "\r\n", at + 1), std::string::npos) << line << " twice";
  }
  EXPECT_THAT(request,
              AllOf(Not(HasSubstr("Accept-Encoding")), Not(HasSubstr("Expect")), Not(HasSubstr("Transfer-Encoding"))));
}

TEST(Client, SendsNoBodyWhereThereIsNone) {
  std::string got;
  std::string posted;
  RawServer server([&](RawPeer& peer) {
    got = peer.read_request();
    peer.send(kOk);
    posted = peer.read_request();
    peer.send(kOk);
  });
  const Client client = direct();

  ASSERT_TRUE(client.send(get(server.url())));
  ASSERT_TRUE(client.send(post(server.url(), "")));

  EXPECT_THAT(got, AllOf(StartsWith("GET / HTTP/1.1\r\n"), Not(HasSubstr("Content-")), EndsWith("\r\n\r\n")));
  EXPECT_THAT(posted, AllOf(HasSubstr("Content-Length: 0\r\n"), Not(HasSubstr("Content-Type"))));
}

TEST(Client, SendsALargeBodyWhole) {
  const std::string body = [] {
    std::string made;
    for (int i = 0; made.size() < (8 << 20); ++i) made += std::to_string(i) + ",";
    return made;
  }();
  RawServer server([&](RawPeer& peer) {
    const std::string request = peer.read_request();
    peer.send(request.ends_with(body) ? kOk : "HTTP/1.1 400 Bad\r\nContent-Length: 0\r\n\r\n");
  });

  EXPECT_EQ(outcome(direct().send(post(server.url(), body))), "answer 200");
}

TEST(Client, SendsTheCredentialsOfItsUrl) {
  std::string request;
  RawServer server([&](RawPeer& peer) {
    request = peer.read_request();
    peer.send(kOk);
  });

  const auto answer = direct().send(get("http://us:pw@127.0.0.1:" + std::to_string(server.port())));

  ASSERT_TRUE(answer);
  EXPECT_THAT(request, HasSubstr("Authorization: Basic dXM6cHc=\r\n"));
}

TEST(Client, RefusesToSendWhatIsNoRequest) {
  RawServer server([](RawPeer& peer) { peer.hung_up(); });
  const std::string url = server.url();
  const std::vector<ClientRequest> bad = {
      {.url = "not a url"},
      {.url = url + "a b"},
      {.url = url + "\r\nX: y"},
      {.method = "GE T", .url = url},
      {.method = "", .url = url},
      {.method = "CONNECT", .url = url},
      {.url = url, .headers = {{"X", "a\r\nY: b"}}},
      {.url = url, .headers = {{"X", "a\nb"}}},
      {.url = url, .headers = {{"X", std::string("a\0b", 3)}}},
      {.url = url, .headers = {{"X: y\r\nZ", "a"}}},
      {.url = url, .headers = {{"", "a"}}},
      {.url = url, .headers = {{"X Y", "a"}}},
      {.url = url, .headers = {{"content-length", "0"}}},
      {.url = url, .headers = {{"Transfer-Encoding", "chunked"}}},
      {.url = url, .headers = {{"Accept-Encoding", "gzip"}}},
      {.url = url, .headers = {{"Host", "other"}}},
      {.url = url, .body = "x", .content_type = "a\r\nX: y"},
  };
  const Client client = direct();

  for (const ClientRequest& request : bad) {
    EXPECT_EQ(outcome(client.send(request)), "malformed") << request.method << " " << request.url;
  }

  EXPECT_EQ(server.connections(), 0);
}

TEST(Client, GoesToNoAddressOfANameThatIsNotAdmitted) {
  RawServer server(answering(std::string(kOk)));
  const Client client({.trust_environment = false, .admits = [](const SocketAddress&) { return false; }});

  const auto answer = client.send(get("http://localhost:" + std::to_string(server.port())));

  ASSERT_FALSE(answer);
  EXPECT_THAT(answer.error().describe(), HasSubstr("its address is not one to be called"));
}

TEST(Client, NeverNamesSecretsOfAUrlInItsErrors) {
  const auto answer = direct().send(get("http://user:hush@127.0.0.1:1/path?key=hush"));

  ASSERT_FALSE(answer);
  EXPECT_THAT(answer.error().describe(), AllOf(HasSubstr("http://127.0.0.1:1"), Not(HasSubstr("hush"))));
}

// --- what is made of answers ---

TEST(Client, TakesEveryKindOfBody) {
  const std::vector<std::pair<std::string, std::string>> kinds = {
      {"Content-Length: 5\r\n\r\nhello", "hello"},
      {"content-length:5\r\n\r\nhello", "hello"},
      {"Content-Length: 0\r\n\r\n", ""},
      {"Transfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\n\r\n", "hello"},
      {"Transfer-Encoding: Chunked\r\n\r\n5\r\nhello\r\n0\r\nTrailer: x\r\n\r\n", "hello"},
      {"Connection: close\r\n\r\nhello", "hello"},
      {"\r\nhello", "hello"},
      {"Content-Encoding: identity\r\nContent-Length: 5\r\n\r\nhello", "hello"},
  };

  for (const auto& [answer_rest, body] : kinds) {
    RawServer server([&answer_rest = answer_rest](RawPeer& peer) {
      peer.read_request();
      peer.send("HTTP/1.1 200 OK\r\n" + answer_rest);
    });
    const auto answer = direct().send(post(server.url()));
    ASSERT_TRUE(answer) << answer_rest << answer.error().describe();
    EXPECT_EQ(answer->body, body) << answer_rest;
  }
}

TEST(Client, TakesBytesThatComeOneByOne) {
  RawServer server([](RawPeer& peer) {
    peer.read_request();
    peer.drip("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n", milliseconds(1));
  });

  const auto answer = direct().send(post(server.url()));

  ASSERT_TRUE(answer) << answer.error().describe();
  EXPECT_EQ(answer->body, "hello");
}

TEST(Client, HandsHeadersOverAsTheyCame) {
  RawServer server(
      answering("HTTP/1.1 200 Fine\r\nMcp-Session-Id:  a%0d%0aX: y \r\nx-two: 1\r\nX-Two: 2\r\nX-None:\r\n"
                "Content-Length: 0\r\n\r\n"));

  const auto answer = direct().send(post(server.url()));

  ASSERT_TRUE(answer);
  EXPECT_THAT(answer->headers, ElementsAre(Pair("Mcp-Session-Id", "a%0d%0aX: y"), Pair("x-two", "1"),
                                           Pair("X-Two", "2"), Pair("X-None", ""), Pair("Content-Length", "0")));
}

TEST(Client, TakesAnyStatusAndFollowsNoRedirect) {
  std::atomic<int> requests = 0;
  RawServer server([&](RawPeer& peer) {
    while (!peer.read_request().empty()) {
      const int status = 200 + 101 * requests++;
      peer.send("HTTP/1.1 " + std::to_string(status) + " X\r\nLocation: /elsewhere\r\nContent-Length: 1\r\n\r\nx");
    }
  });
  const Client client = direct();

  EXPECT_EQ(outcome(client.send(post(server.url()))), "answer 200");
  EXPECT_EQ(outcome(client.send(post(server.url()))), "answer 301");
  EXPECT_EQ(outcome(client.send(post(server.url()))), "answer 402");
  EXPECT_EQ(outcome(client.send(post(server.url()))), "answer 503");
  EXPECT_EQ(requests, 4);
}

TEST(Client, KnowsAnswersThatHaveNoBody) {
  RawServer server([](RawPeer& peer) {
    peer.read_request();
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
    peer.read_request();
    peer.send("HTTP/1.1 204 No Content\r\n\r\n");
    peer.read_request();
    peer.send("HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n");
    peer.read_request();
    peer.send(kOk);
  });
  const Client client = direct();

  EXPECT_EQ(outcome(client.send({.method = "HEAD", .url = server.url()})), "answer 200");
  EXPECT_EQ(outcome(client.send({.method = "DELETE", .url = server.url()})), "answer 204");
  EXPECT_EQ(outcome(client.send(get(server.url()))), "answer 304");
  EXPECT_EQ(outcome(client.send(get(server.url()))), "answer 200");
  EXPECT_EQ(server.connections(), 1);
}

TEST(Client, SkipsInterimAnswers) {
  RawServer server(
      answering("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + std::string(kOk)));
  const Client client = direct();

  const auto answer = client.send(post(server.url()));

  ASSERT_TRUE(answer) << answer.error().describe();
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->body, "ok");
  EXPECT_TRUE(answer->header("Link").empty());
}

TEST(Client, HearsAServerThatRefusesBeforeItHasReadAll) {
  RawServer server([](RawPeer& peer) {
    peer.read_bytes(16);
    peer.send("HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 3\r\n\r\nbig");
    ::shutdown(peer.fd(), SHUT_RD);
    peer.hung_up(milliseconds(200));
  });

  const auto answer = direct().send(post(server.url(), std::string(32 << 20, 'x')));

  // What the kernel dropped with the connection nobody can read; what came before is read.
  EXPECT_THAT(outcome(answer), testing::AnyOf("answer 413", "malformed"));
}

TEST(Client, GoesOverAUnixSocket) {
  const std::string path = "/tmp/pais-test-client-" + std::to_string(::getpid()) + ".sock";
  std::string request;
  RawServer server(RawServer::unix_socket(path), sizeof(sockaddr_un), [&](RawPeer& peer) {
    request = peer.read_request();
    peer.send(kOk);
  });

  const auto answer =
      direct().send(get("unix://%2Ftmp%2Fpais-test-client-" + std::to_string(::getpid()) + ".sock/v1/models"));
  ::unlink(path.c_str());

  ASSERT_TRUE(answer) << answer.error().describe();
  EXPECT_THAT(request, AllOf(StartsWith("GET /v1/models HTTP/1.1\r\n"), HasSubstr("Host: localhost\r\n")));
}

// --- streams ---

TEST(Client, DeliversATokenTheMomentItsBytesArrive) {
  Signal half_seen;
  Signal second_seen;
  RawServer server([&](RawPeer& peer) {
    peer.read_request();
    peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhe");
    ASSERT_TRUE(half_seen.wait());
    peer.send("llo\r\n6\r\n world");
    ASSERT_TRUE(second_seen.wait());
    peer.send("\r\n0\r\n\r\n");
  });
  std::string all;
  const Receiver receiver{.on_head = [](const ClientResponse& head) { return head.status == 200; },
                          .on_bytes =
                              [&](std::string_view bytes) {
                                all += bytes;
                                if (all == "he") half_seen.raise();
                                if (all == "hello world") second_seen.raise();
                                return true;
                              }};

  const auto answer = direct().send(post(server.url()), receiver);

  ASSERT_TRUE(answer) << answer.error().describe();
  EXPECT_EQ(all, "hello world");
  EXPECT_EQ(answer->body, "");
}

TEST(Client, ShowsTheHeadBeforeTheFirstByteOfTheBody) {
  Signal head_seen;
  RawServer server([&](RawPeer& peer) {
    peer.read_request();
    peer.send("HTTP/1.1 200 OK\r\nX-Run: 7\r\nContent-Length: 2\r\n\r\n");
    ASSERT_TRUE(head_seen.wait());
    peer.send("ok");
  });
  std::string run;
  const Receiver receiver{.on_head =
                              [&](const ClientResponse& head) {
                                run = head.header("X-Run");
                                head_seen.raise();
                                return true;
                              },
                          .on_bytes = [](std::string_view) { return true; }};

  ASSERT_TRUE(direct().send(post(server.url()), receiver));

  EXPECT_EQ(run, "7");
}

TEST(Client, KeepsTheBodyThatTheReceiverDidNotWant) {
  RawServer server(answering("HTTP/1.1 500 Oops\r\nContent-Length: 5\r\n\r\nsorry"));
  const Receiver receiver{.on_head = [](const ClientResponse& head) { return head.status == 200; },
                          .on_bytes = [](std::string_view) -> bool { throw std::logic_error("never asked"); }};

  const auto answer = direct().send(post(server.url()), receiver);

  ASSERT_TRUE(answer) << answer.error().describe();
  EXPECT_EQ(answer->body, "sorry");
}

TEST(Client, ShowsTheHeadAlsoOfAnAnswerWithoutBody) {
  RawServer server(answering("HTTP/1.1 204 None\r\n\r\n"));
  int heads = 0;
  const Receiver receiver{.on_head = [&](const ClientResponse&) { return ++heads > 0; },
                          .on_bytes = [](std::string_view) { return true; }};

  ASSERT_TRUE(direct().send(post(server.url()), receiver));

  EXPECT_EQ(heads, 1);
}

TEST(Client, EndsACallWhenItsReceiverHasHadEnough) {
  std::atomic<bool> hung_up = false;
  Signal over;
  RawServer server([&](RawPeer& peer) {
    peer.read_request();
    peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
    hung_up = peer.hung_up();
    over.raise();
  });
  const Client client = direct();
  const Receiver receiver{.on_head = [](const ClientResponse&) { return true; },
                          .on_bytes = [](std::string_view) { return false; }};

  const auto answer = client.send(post(server.url()), receiver);

  ASSERT_TRUE(answer) << answer.error().describe();
  EXPECT_TRUE(over.wait());
  EXPECT_TRUE(hung_up);
}

TEST(Client, TurnsWhatAReceiverThrowsIntoAnError) {
  RawServer server(answering(std::string(kOk)));
  const Receiver receiver{.on_head = [](const ClientResponse&) { return true; },
                          .on_bytes = [](std::string_view) -> bool { throw std::runtime_error("my own fault"); }};

  const auto answer = direct().send(post(server.url()), receiver);

  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Code::internal);
  EXPECT_EQ(answer.error().cause, "my own fault");
}

}  // namespace
}  // namespace pais::http
