#include "http/connection.h"

#include <cstring>
#include <sys/un.h>

#include "gmock/gmock.h"

#include "support/cancellation.h"
#include "support/full_listener.h"
#include "support/raw_server.h"
#include "support/tls_peer.h"

namespace pais::http {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using test::FullListener;
using test::kPatience;
using test::RawPeer;
using test::RawServer;
using test::Signal;
using test::TestCertificate;
using test::time_to_cancel;
using test::TlsPeer;
using testing::HasSubstr;

const std::stop_token kNoStop;

Deadline soon() {
  return deadline_in(milliseconds(100));
}
Deadline patient() {
  return deadline_in(kPatience);
}

Endpoint endpoint(const RawServer& server) {
  return {.host = "127.0.0.1", .port = static_cast<std::uint16_t>(server.port())};
}

Connection connected(const RawServer& server) {
  auto connection = Connection::open(endpoint(server), patient(), kNoStop);
  EXPECT_TRUE(connection) << connection.error().describe();
  return *std::move(connection);
}

std::string read_all(Connection& connection) {
  std::string all;
  char piece[1024];
  for (;;) {
    const auto bytes = connection.read(piece, patient(), kNoStop);
    if (!bytes || *bytes == 0) return all;
    all.append(piece, *bytes);
  }
}

TEST(Connection, CarriesBytesBothWays) {
  RawServer server([](RawPeer& peer) { peer.send(peer.read_bytes(5) + "!"); });
  Connection connection = connected(server);

  ASSERT_TRUE(connection.write("hello", patient(), kNoStop));

  EXPECT_EQ(read_all(connection), "hello!");
}

TEST(Connection, WritesTwoPartsAsOne) {
  RawServer server([](RawPeer& peer) { peer.send(peer.read_bytes(10)); });
  Connection connection = connected(server);

  EXPECT_EQ(*connection.write_some("hello", "world", patient(), kNoStop), 10U);

  EXPECT_EQ(read_all(connection), "helloworld");
}

TEST(Connection, SaysWhenNobodyListens) {
  int port = 0;
  {
    const RawServer gone([](RawPeer&) {});
    port = gone.port();
  }

  const auto connection =
      Connection::open({.host = "127.0.0.1", .port = static_cast<std::uint16_t>(port)}, patient(), kNoStop);

  ASSERT_FALSE(connection);
  EXPECT_EQ(connection.error().code, Code::unreachable);
  EXPECT_THAT(connection.error().describe(), HasSubstr("refused"));
}

TEST(Connection, GivesUpConnectingAtItsDeadline) {
  const FullListener full;

  const auto connection =
      Connection::open({.host = "127.0.0.1", .port = static_cast<std::uint16_t>(full.port())}, soon(), kNoStop);

  ASSERT_FALSE(connection);
  EXPECT_EQ(connection.error().code, Code::timed_out);
}

TEST(Connection, IsCancelledWhileConnecting) {
  const FullListener full;

  const auto took = time_to_cancel([&](const std::stop_token& stop) {
    return Connection::open({.host = "127.0.0.1", .port = static_cast<std::uint16_t>(full.port())}, patient(), stop)
        .error();
  });

  EXPECT_LT(took, milliseconds(1000));
}

TEST(Connection, IsCancelledWhileReading) {
  RawServer server([](RawPeer& peer) { peer.hung_up(); });
  Connection connection = connected(server);

  const auto took = time_to_cancel([&](const std::stop_token& stop) {
    char piece[16];
    return connection.read(piece, patient(), stop).error();
  });

  EXPECT_LT(took, milliseconds(1000));
}

TEST(Connection, IsCancelledWhileWritingToAPeerThatReadsNothing) {
  Signal done;
  RawServer server([&](RawPeer&) { done.wait(); });
  Connection connection = connected(server);
  const std::string much(64 << 20, 'x');

  const auto took =
      time_to_cancel([&](const std::stop_token& stop) { return connection.write(much, patient(), stop).error(); });

  EXPECT_LT(took, milliseconds(1000));
  done.raise();
}

TEST(Connection, WaitsAgainAfterACancelledWaitOfTheSameThread) {
  RawServer server([](RawPeer& peer) { peer.hung_up(); });
  Connection connection = connected(server);
  char piece[16];
  for (int i = 0; i < 20; ++i) {
    time_to_cancel([&](const std::stop_token& stop) { return connection.read(piece, patient(), stop).error(); });

    const std::stop_source another;
    const auto bytes = connection.read(piece, deadline_in(milliseconds(5)), another.get_token());

    ASSERT_FALSE(bytes);
    EXPECT_EQ(bytes.error().code, Code::timed_out);
  }
}

TEST(Connection, ReadsUntilItsDeadline) {
  RawServer server([](RawPeer& peer) { peer.hung_up(); });
  Connection connection = connected(server);
  char piece[16];

  const auto bytes = connection.read(piece, soon(), kNoStop);

  ASSERT_FALSE(bytes);
  EXPECT_EQ(bytes.error().code, Code::timed_out);
}

TEST(Connection, SurvivesAPeerThatIsGone) {
  Signal is_connected;
  RawServer server([&](RawPeer& peer) {
    is_connected.wait();
    peer.reset();
  });
  Connection connection = connected(server);
  is_connected.raise();
  EXPECT_EQ(read_all(connection), "");

  const auto written = connection.write("x", patient(), kNoStop);
  const auto again = connection.write("x", patient(), kNoStop);

  EXPECT_FALSE(written && again);
}

TEST(Connection, IsQuietUntilTheOtherSideStirs) {
  Signal speak;
  RawServer server([&](RawPeer& peer) {
    speak.wait();
    peer.send("x");
    peer.hung_up();
  });
  Connection connection = connected(server);
  EXPECT_TRUE(connection.is_quiet());

  speak.raise();
  ASSERT_TRUE(wait_for(connection.fd(), POLLIN, patient(), kNoStop));

  EXPECT_FALSE(connection.is_quiet());
}

TEST(Connection, IsNotQuietOnceThePeerHasClosed) {
  RawServer server([](RawPeer&) {});
  Connection connection = connected(server);

  ASSERT_TRUE(wait_for(connection.fd(), POLLIN, patient(), kNoStop));

  EXPECT_FALSE(connection.is_quiet());
}

TEST(Connection, GoesOverAUnixSocket) {
  const std::string path = "/tmp/pais-test-" + std::to_string(::getpid()) + ".sock";
  RawServer server(RawServer::unix_socket(path), sizeof(sockaddr_un), [](RawPeer& peer) { peer.send("hi"); });

  auto connection = Connection::open({.socket_path = path}, patient(), kNoStop);
  ::unlink(path.c_str());

  ASSERT_TRUE(connection) << connection.error().describe();
  EXPECT_EQ(read_all(*connection), "hi");
}

TEST(Connection, SaysThatAUnixSocketIsNotThere) {
  const auto connection = Connection::open({.socket_path = "/tmp/pais-test-no-such.sock"}, patient(), kNoStop);

  ASSERT_FALSE(connection);
  EXPECT_EQ(connection.error().code, Code::unreachable);
}

TEST(Connection, TriesTheNextAddressOfAName) {
  RawServer server([](RawPeer& peer) { peer.send("hi"); });
  const Resolver resolver([](const std::string&) -> Result<std::vector<SocketAddress>> {
    return std::vector{*numeric_address("127.0.0.2"), *numeric_address("127.0.0.1")};
  });
  Endpoint named = endpoint(server);
  named.host = "two.test";

  auto connection = Connection::open(named, patient(), kNoStop, resolver);

  ASSERT_TRUE(connection) << connection.error().describe();
  EXPECT_EQ(read_all(*connection), "hi");
}

// --- TLS ---

class TlsConnection : public testing::Test {
 protected:
  Result<void> shake_hands(Connection& connection, const std::string& host, const std::string& ca_file) {
    auto trust = TlsTrust::shared(ca_file);
    if (!trust) return trust.error();
    constexpr std::string_view kProtocols[] = {"h2", "http/1.1"};
    return connection.start_tls(*trust, host, patient(), kNoStop, kProtocols);
  }

  const TestCertificate certificate_{"DNS:localhost,IP:127.0.0.1"};
};

TEST_F(TlsConnection, CarriesBytesAndAgreesOnAProtocol) {
  std::string asked_for;
  RawServer server([&](RawPeer& peer) {
    TlsPeer tls(peer, certificate_.server_context());
    asked_for = tls.asked_for();
    tls.send(tls.read_request());
    tls.end();
  });
  Connection connection = connected(server);

  const auto shaken = shake_hands(connection, "localhost", certificate_.authority_file());
  ASSERT_TRUE(shaken) << shaken.error().describe();
  ASSERT_TRUE(connection.write("hello\r\n\r\n", patient(), kNoStop));

  EXPECT_EQ(read_all(connection), "hello\r\n\r\n");
  EXPECT_EQ(connection.protocol(), "h2");
  EXPECT_EQ(asked_for, "localhost");
}

TEST_F(TlsConnection, TrustsACertificateForAnAddress) {
  RawServer server([&](RawPeer& peer) { TlsPeer(peer, certificate_.server_context()).read_request(); });
  Connection connection = connected(server);

  EXPECT_TRUE(shake_hands(connection, "127.0.0.1", certificate_.authority_file()));
}

TEST_F(TlsConnection, RefusesACertificateForAnotherHost) {
  RawServer server([&](RawPeer& peer) { TlsPeer(peer, certificate_.server_context()).read_request(); });
  Connection connection = connected(server);

  const auto shaken = shake_hands(connection, "other.test", certificate_.authority_file());

  ASSERT_FALSE(shaken);
  EXPECT_EQ(shaken.error().code, Code::unreachable);
  EXPECT_THAT(shaken.error().describe(), HasSubstr("hostname mismatch"));
}

TEST_F(TlsConnection, RefusesACertificateOfAnUnknownAuthority) {
  RawServer server([&](RawPeer& peer) { TlsPeer(peer, certificate_.server_context()).read_request(); });
  Connection connection = connected(server);

  const auto shaken = shake_hands(connection, "localhost", "");

  ASSERT_FALSE(shaken);
  EXPECT_EQ(shaken.error().code, Code::unreachable);
  EXPECT_THAT(shaken.error().describe(), HasSubstr("certificate"));
}

TEST_F(TlsConnection, SaysThatAnAuthorityCannotBeRead) {
  const auto trust = TlsTrust::shared("/no/such/file.pem");

  ASSERT_FALSE(trust);
  EXPECT_THAT(trust.error().describe(), HasSubstr("/no/such/file.pem"));
}

TEST_F(TlsConnection, IsCancelledInTheMiddleOfAHandshake) {
  RawServer server([](RawPeer& peer) { peer.hung_up(); });
  Connection connection = connected(server);
  const auto trust = TlsTrust::shared(certificate_.authority_file());

  const auto took = time_to_cancel(
      [&](const std::stop_token& stop) { return connection.start_tls(*trust, "localhost", patient(), stop).error(); });

  EXPECT_LT(took, milliseconds(1000));
}

TEST_F(TlsConnection, TellsATruncatedStreamFromOneThatEnded) {
  RawServer server([&](RawPeer& peer) {
    TlsPeer tls(peer, certificate_.server_context());
    tls.send("half");
    peer.close();
  });
  Connection connection = connected(server);
  ASSERT_TRUE(shake_hands(connection, "localhost", certificate_.authority_file()));
  char piece[16];
  ASSERT_EQ(*connection.read(piece, patient(), kNoStop), 4U);

  const auto end = connection.read(piece, patient(), kNoStop);

  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().code, Code::unreachable);
}

TEST_F(TlsConnection, SurvivesAPeerThatIsGone) {
  RawServer server([&](RawPeer& peer) {
    TlsPeer tls(peer, certificate_.server_context());
    peer.reset();
  });
  Connection connection = connected(server);
  ASSERT_TRUE(shake_hands(connection, "localhost", certificate_.authority_file()));
  const std::string more_than_buffers_take(64 << 20, 'x');

  const auto written = connection.write(more_than_buffers_take, patient(), kNoStop);

  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, Code::unreachable) << written.error().describe();
}

TEST_F(TlsConnection, StaysQuietWhenASessionTicketComesLate) {
  Signal ticket_sent;
  Signal done;
  RawServer server([&](RawPeer& peer) {
    TlsPeer tls(peer, certificate_.server_context());
    ticket_sent.raise();
    done.wait();
  });
  Connection connection = connected(server);
  ASSERT_TRUE(shake_hands(connection, "localhost", certificate_.authority_file()));
  ASSERT_TRUE(ticket_sent.wait());
  ASSERT_TRUE(wait_for(connection.fd(), POLLIN, patient(), kNoStop));

  EXPECT_TRUE(connection.is_quiet());
  EXPECT_TRUE(connection.is_quiet());
  done.raise();
}

}  // namespace
}  // namespace pais::http
