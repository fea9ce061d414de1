// The client over TLS and through proxies.
#include <cstdlib>
#include <map>

#include "gmock/gmock.h"

#include "http/client.h"
#include "support/endless.h"
#include "support/plumbing.h"
#include "support/raw_server.h"
#include "support/tls_peer.h"

namespace pais::http {
namespace {

using std::chrono::milliseconds;
using test::RawPeer;
using test::RawServer;
using test::Signal;
using test::TestCertificate;
using test::TlsPeer;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr std::string_view kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

ClientRequest get(std::string url) {
  return {.method = "GET", .url = std::move(url)};
}

std::string outcome(const Result<ClientResponse>& answer) {
  return answer ? answer->body : std::string(test::plumbing(answer.error().code));
}

void answer_all(RawPeer& peer) {
  while (!peer.read_request().empty()) peer.send(kOk);
}

using Variables = std::map<std::string, std::string>;

// Sets variables for the life of one test; every proxy variable that is not named is unset.
class Environment {
 public:
  explicit Environment(const Variables& wanted) {
    for (const char* name :
         {"http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "no_proxy", "NO_PROXY", "REQUEST_METHOD"}) {
      if (const char* value = std::getenv(name)) before_[name] = value;
      ::unsetenv(name);
      names_.push_back(name);
    }
    for (const auto& [name, value] : wanted) ::setenv(name.c_str(), value.c_str(), 1);
  }
  ~Environment() {
    for (const std::string& name : names_) ::unsetenv(name.c_str());
    for (const auto& [name, value] : before_) ::setenv(name.c_str(), value.c_str(), 1);
  }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

 private:
  std::vector<std::string> names_;
  Variables before_;
};

class ClientTls : public testing::Test {
 protected:
  // Speaks TLS and answers every request, until the client goes.
  RawServer::Script answering() {
    return [this](RawPeer& peer) {
      TlsPeer tls(peer, certificate_.server_context());
      while (!tls.read_request().empty()) tls.send(kOk);
    };
  }

  Client trusting() const { return Client({.trust_environment = false, .ca_file = certificate_.authority_file()}); }

  static std::string https(const RawServer& server, const std::string& host = "localhost") {
    return "https://" + host + ":" + std::to_string(server.port()) + "/";
  }

  const TestCertificate certificate_{"DNS:localhost,DNS:beyond.test,IP:127.0.0.1"};
};

TEST_F(ClientTls, AsksAServerWithAGoodCertificateAndKeepsTheConnection) {
  RawServer server(answering());
  const Client client = trusting();

  for (int i = 0; i < 3; ++i) EXPECT_EQ(outcome(client.send(get(https(server)))), "ok");

  EXPECT_EQ(server.connections(), 1);
}

TEST_F(ClientTls, RefusesAnAuthorityThatTheSystemDoesNotKnow) {
  RawServer server(answering());

  const auto answer = Client({.trust_environment = false}).send(get(https(server)));

  EXPECT_EQ(outcome(answer), "unreachable");
  EXPECT_THAT(answer.error().describe(), HasSubstr("certificate"));
}

TEST_F(ClientTls, RefusesACertificateForAnotherHost) {
  const TestCertificate other("DNS:other.test");
  std::string request = "none";
  Signal over;
  RawServer server([&](RawPeer& peer) {
    request = TlsPeer(peer, other.server_context()).read_request();
    over.raise();
  });

  const auto answer = Client({.trust_environment = false, .ca_file = other.authority_file()}).send(get(https(server)));

  EXPECT_EQ(outcome(answer), "unreachable");
  EXPECT_TRUE(over.wait());
  EXPECT_EQ(request, "");
}

TEST_F(ClientTls, EndsAnAnswerThatNeverPausesWhenItsTimeIsUp) {
  test::Endless endless(std::string(16 * 1024, 'x'));
  RawServer server([&](RawPeer& peer) {
    TlsPeer tls(peer, certificate_.server_context());
    tls.read_request();
    endless.play(peer, "HTTP/1.1 200 OK\r\n\r\n", [&](std::string_view bytes) { tls.send(bytes); });
  });
  ClientRequest request = get(https(server));
  request.limits.total = milliseconds(100);
  request.limits.answer_bytes = std::size_t{1} << 30;
  const Receiver receiver{.on_head = [](const ClientResponse&) { return true; },
                          .on_bytes =
                              [&](std::string_view bytes) {
                                endless.taken(bytes.size());
                                return true;
                              }};

  EXPECT_EQ(outcome(trusting().send(request, receiver)), "timed_out");
}

TEST_F(ClientTls, TellsATruncatedAnswerFromAWholeOne) {
  RawServer server([this](RawPeer& peer) {
    TlsPeer tls(peer, certificate_.server_context());
    tls.read_request();
    tls.send("HTTP/1.1 200 OK\r\n\r\nok");
    if (peer.number == 0) tls.end();
  });
  const Client client = trusting();

  EXPECT_EQ(outcome(client.send(get(https(server)))), "ok");
  EXPECT_EQ(outcome(client.send(get(https(server)))), "malformed");
}

TEST_F(ClientTls, ReplacesAConnectionThatWasClosedWhileIdle) {
  Signal closed;
  RawServer server([&](RawPeer& peer) {
    {
      TlsPeer tls(peer, certificate_.server_context());
      tls.read_request(4);
      tls.send(kOk);
      tls.end();
    }
    peer.close();
    if (peer.number == 0) closed.raise();
  });
  const Client client = trusting();
  const ClientRequest post{.url = https(server), .body = "ping"};
  EXPECT_EQ(outcome(client.send(post)), "ok");
  ASSERT_TRUE(closed.wait());

  EXPECT_EQ(outcome(client.send(post)), "ok");
}

TEST_F(ClientTls, GivesUpAHandshakeAtTheConnectDeadline) {
  RawServer server([](RawPeer& peer) { peer.hung_up(); });
  ClientRequest request = get(https(server));
  request.limits.connect = milliseconds(200);

  EXPECT_EQ(outcome(trusting().send(request)), "unreachable");
}

TEST_F(ClientTls, CarriesALargeBody) {
  const std::string body(3 << 20, 'x');
  RawServer server([&](RawPeer& peer) {
    TlsPeer tls(peer, certificate_.server_context());
    if (tls.read_request(body.size()).ends_with(body)) tls.send(kOk);
  });

  EXPECT_EQ(outcome(trusting().send({.url = https(server), .body = body})), "ok");
}

// --- proxies ---

TEST_F(ClientTls, AsksAProxyForAPlainUrl) {
  std::string request;
  RawServer proxy([&](RawPeer& peer) {
    request = peer.read_request();
    peer.send(kOk);
    answer_all(peer);
  });
  const Environment environment(Variables{{"HTTP_PROXY", "http://us:pw@127.0.0.1:" + std::to_string(proxy.port())}});
  const Client client;

  EXPECT_EQ(outcome(client.send(get("http://beyond.test:8080/v1?x=1"))), "ok");
  EXPECT_EQ(outcome(client.send(get("http://elsewhere.test/"))), "ok");

  EXPECT_THAT(request,
              AllOf(StartsWith("GET http://beyond.test:8080/v1?x=1 HTTP/1.1\r\n"),
                    HasSubstr("Host: beyond.test:8080\r\n"), HasSubstr("Proxy-Authorization: Basic dXM6cHc=\r\n")));
  EXPECT_EQ(proxy.connections(), 1);
}

TEST_F(ClientTls, GoesThroughATunnelToAnHttpsUrl) {
  std::string connect;
  std::string request;
  std::string asked_for;
  RawServer proxy([&](RawPeer& peer) {
    connect = peer.read_request();
    peer.send("HTTP/1.1 200 Connection established\r\n\r\n");
    TlsPeer tls(peer, certificate_.server_context());
    asked_for = tls.asked_for();
    request = tls.read_request();
    tls.send(kOk);
  });
  const Environment environment(Variables{{"https_proxy", "http://us:pw@127.0.0.1:" + std::to_string(proxy.port())}});

  const auto answer = Client({.ca_file = certificate_.authority_file()}).send(get("https://beyond.test/v1"));

  EXPECT_EQ(outcome(answer), "ok") << answer.error().describe();
  EXPECT_THAT(connect, AllOf(StartsWith("CONNECT beyond.test:443 HTTP/1.1\r\n"), HasSubstr("Host: beyond.test:443\r\n"),
                             HasSubstr("Proxy-Authorization: Basic dXM6cHc=\r\n")));
  EXPECT_EQ(asked_for, "beyond.test");
  EXPECT_THAT(request, AllOf(StartsWith("GET /v1 HTTP/1.1\r\n"), Not(HasSubstr("Proxy-"))));
}

class RefusingProxy : public testing::TestWithParam<const char*> {};

TEST_P(RefusingProxy, MakesAUrlUnreachable) {
  RawServer proxy([](RawPeer& peer) {
    peer.read_request();
    peer.send(GetParam());
    ::shutdown(peer.fd(), SHUT_WR);
    peer.hung_up();
  });
  const Environment environment(Variables{{"HTTPS_PROXY", "127.0.0.1:" + std::to_string(proxy.port())}});

  const auto answer = Client().send(get("https://beyond.test/"));

  EXPECT_EQ(outcome(answer), "unreachable");
  EXPECT_THAT(answer.error().describe(), HasSubstr("proxy"));
}

INSTANTIATE_TEST_SUITE_P(All, RefusingProxy,
                         testing::Values("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n",
                                         "HTTP/1.1 200 OK\r\n\r\nand more", "SOCKS5\r\n\r\n", "HTTP/1.1 200 OK\r\n",
                                         ""));

TEST_F(ClientTls, GoesStraightWhereNoProxyIsWanted) {
  RawServer server(answer_all);
  RawServer proxy([](RawPeer& peer) { peer.hung_up(); });
  const Environment environment(
      {{"HTTP_PROXY", "http://127.0.0.1:" + std::to_string(proxy.port())}, {"NO_PROXY", "example.com,127.0.0.0/8"}});

  EXPECT_EQ(outcome(Client().send(get(server.url()))), "ok");

  EXPECT_EQ(proxy.connections(), 0);
}

TEST_F(ClientTls, GoesStraightWhenTheEnvironmentIsNotTrusted) {
  RawServer server(answer_all);
  const Environment environment(Variables{{"HTTP_PROXY", "http://127.0.0.1:1"}});

  EXPECT_EQ(outcome(Client({.trust_environment = false}).send(get(server.url()))), "ok");
}

}  // namespace
}  // namespace pais::http
