// Clients that are handed to a server, as one end of a socketpair each.
#pragma once

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <stdexcept>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <utility>

#include "gtest/gtest.h"

#include "http/owned_fd.h"
#include "support/test_server.h"

namespace pais::test {

struct SocketPair {
  SocketPair() {
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) throw std::runtime_error("socketpair");
    servers = http::OwnedFd(ends[0]);
    clients = http::OwnedFd(ends[1]);
  }

  http::OwnedFd servers;
  http::OwnedFd clients;
};

// The same without a listener.
inline http::ServerOptions deaf(http::ServerOptions options = {}) {
  options.listens = false;
  return options;
}

inline RawClient handed_to(TestServer& server) {
  SocketPair pair;
  const auto adopted = server->adopt(pair.servers.release());
  EXPECT_TRUE(adopted) << adopted.error().describe();
  return RawClient(std::move(pair.clients));
}

// Over a connection of its own.
inline RawAnswer ask_inside(TestServer& server, std::string_view request) {
  RawClient client = handed_to(server);
  client.send(request);
  return client.read_answer();
}

inline std::string old_get(const std::string& path) {
  return "GET " + path + " HTTP/1.0\r\n\r\n";
}

inline bool is_closed(int fd) {
  return ::fcntl(fd, F_GETFD) < 0 && errno == EBADF;
}

// A server that does not listen, with one route whose exchange the test holds in its hand.
class DeafStage {
 public:
  explicit DeafStage(http::Limits limits = {})
      : server({{.method = "GET", .pattern = "/it", .lane = http::Lane::run, .handler = parked.handler()}},
               deaf({.limits = limits})) {}

  std::shared_ptr<http::Exchange> ask(RawClient& client) {
    client.send(old_get("/it"));
    return parked.next();
  }

  Parked parked;
  TestServer server;
};

}  // namespace pais::test
