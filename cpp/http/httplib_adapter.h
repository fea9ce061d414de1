// Everything that differs between the releases of cpp-httplib we build with, from 0.11 (Debian 12) to the current one.
//
// Only .cpp files of this folder include this header; it is the only one that includes httplib.h.
#pragma once

#include <ctime>
#include <functional>
#include <string>

#include "httplib.h"

namespace pais::http {

// A Stream with every virtual that some release asks for but `read` and `write`. The marks `override` are left out on
// purpose: no release knows all of these. Whether bytes are there is answered by reading them.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wsuggest-override"
class HttplibStream : public httplib::Stream {
 public:
  bool is_readable() const { return true; }
  bool is_writable() const { return true; }
  bool wait_readable() const { return true; }
  bool wait_writable() const { return true; }
  bool is_peer_alive() const { return true; }
  std::time_t duration() const { return 0; }
  void get_remote_ip_and_port(std::string&, int&) const {}
  void get_local_ip_and_port(std::string&, int&) const {}
  socket_t socket() const { return INVALID_SOCKET; }
};
#pragma GCC diagnostic pop

// Keeps httplib from encoding request targets that are already as they shall go out.
template <typename ClientImpl>
void send_targets_as_they_are(ClientImpl& client) {
  if constexpr (requires { client.set_path_encode(false); }) {
    client.set_path_encode(false);
  } else {
    client.set_url_encode(false);
  }
}

// Declares a body of `size` bytes that our own stream sends behind the head. (Given the body itself, httplib would copy
// it, and current releases would hold it back with `Expect: 100-continue` from 1 KiB on.)
inline void promise_body(httplib::Request& request, std::size_t size) {
  request.headers.emplace("Content-Length", std::to_string(size));
  request.content_length_ = 0;
  request.content_provider_ = [](auto&&...) { return true; };
}

// Calls `process_request(stream, …)`, a server's protected member, with the arguments this release wants; the client's
// addresses, where they are arguments, are of no use to us.
template <typename ProcessRequest>
void process_one_request(ProcessRequest process_request, httplib::Stream& stream) {
  bool closed = false;
  const std::function<void(httplib::Request&)> setup;
  if constexpr (requires { process_request(stream, true, closed, setup); }) {
    process_request(stream, true, closed, setup);
  } else if constexpr (requires { process_request(stream, std::string(), 0, std::string(), 0, true, closed, setup); }) {
    process_request(stream, std::string(), 0, std::string(), 0, true, closed, setup);
  } else {
    bool upgraded = false;
    process_request(stream, std::string(), 0, std::string(), 0, true, closed, setup, &upgraded);
  }
}

}  // namespace pais::http
