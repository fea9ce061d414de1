#include "http/tunnel.h"

#include <array>
#include <string>

#include "http/answer_head.h"

namespace pais::http {
namespace {

Error refused(const std::string& cause) {
  return Error{.code = Code::unreachable, .cause = cause};
}

std::string connect_request(const Url& proxy, const Url& target) {
  const std::string bare_host = target.host.find(':') == std::string::npos ? target.host : "[" + target.host + "]";
  const std::string authority = bare_host + ":" + std::to_string(target.port);
  std::string request = "CONNECT " + authority + " HTTP/1.1\r\nHost: " + authority + "\r\n";
  if (!proxy.credentials.empty()) {
    request += "Proxy-Authorization: " + basic_authorization(proxy.credentials) + "\r\n";
  }
  return request + "\r\n";
}

Result<std::string> receive_head(Connection& connection, Deadline deadline, const std::stop_token& stop) {
  std::string bytes;
  std::size_t searched = 0;
  std::array<char, 2048> piece;
  for (;;) {
    auto received = connection.read(piece, deadline, stop);
    if (!received) return received.error();
    if (*received == 0) return refused("the proxy hung up");
    bytes.append(piece.data(), *received);
    if (!may_be_answer(bytes) || bytes.size() > kMaxAnswerHeadBytes) return refused("the proxy does not speak HTTP");
    if (answer_head_size(bytes, searched) != 0) return bytes;
  }
}

}  // namespace

Result<void> open_tunnel(Connection& connection, const Url& proxy, const Url& target, Deadline deadline,
                         const std::stop_token& stop) {
  if (auto sent = connection.write(connect_request(proxy, target), deadline, stop); !sent) return sent.error();
  auto bytes = receive_head(connection, deadline, stop);
  if (!bytes) return bytes.error();

  std::size_t searched = 0;
  const std::size_t size = answer_head_size(*bytes, searched);
  // The answer to CONNECT has no body, whatever it says; it is read as that to HEAD.
  auto answer = read_answer_head(std::string_view(*bytes).substr(0, size), "HEAD");
  if (!answer) return answer.error().as(Code::unreachable);
  if (answer->status / 100 != 2) return refused("the proxy answered " + std::to_string(answer->status));
  if (bytes->size() > size) return refused("the proxy sent more than its answer");
  return {};
}

}  // namespace pais::http
