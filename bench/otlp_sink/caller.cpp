#include "otlp_sink/caller.h"

#include <array>
#include <cerrno>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

#include "otlp_sink/spans.h"

namespace pais::bench {
namespace {

constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
constexpr std::size_t kHead = 9;          // of a frame
constexpr std::size_t kPrefix = 5;        // of a message of gRPC
constexpr std::size_t kAtOnce = 1 << 18;  // read
constexpr std::uint32_t kWindow = 0x7fffffff;
constexpr std::uint32_t kFirstWindow = 65'535;
constexpr std::uint32_t kWidenAfter = 1 << 30;

enum Kind : std::uint8_t { data = 0, headers = 1, settings = 4, ping = 6, window_update = 8 };
constexpr std::uint8_t kEndStream = 1;
constexpr std::uint8_t kAck = 1;
constexpr std::uint8_t kEndHeaders = 4;

std::string number(std::uint32_t value) {
  std::string bytes;
  for (const unsigned shift : {24U, 16U, 8U, 0U}) bytes += static_cast<char>(value >> shift & 0xffU);
  return bytes;
}

std::uint32_t number(std::string_view bytes) {
  std::uint32_t value = 0;
  for (const char byte : bytes) value = value << 8U | static_cast<unsigned char>(byte);
  return value;
}

std::string frame(std::uint8_t kind, std::uint8_t flags, std::uint32_t stream, std::string_view payload = {}) {
  std::string bytes = number(static_cast<std::uint32_t>(payload.size())).substr(1);
  bytes += static_cast<char>(kind);
  bytes += static_cast<char>(flags);
  return bytes.append(number(stream)).append(payload);
}

// A header that nobody is to remember, in plain letters.
std::string field(std::string_view name, std::string_view value) {
  std::string bytes(1, '\0');
  bytes += static_cast<char>(name.size());
  bytes += name;
  bytes += static_cast<char>(value.size());
  return bytes.append(value);
}

}  // namespace

Caller::Caller(Fd socket, Heard& heard) : socket_(std::move(socket)), heard_(heard) {
  constexpr std::string_view kInitialWindow("\0\4", 2);
  answer_ = frame(Kind::settings, 0, 0, std::string(kInitialWindow) + number(kWindow));
  answer_ += frame(Kind::window_update, 0, 0, number(kWindow - kFirstWindow));
}

bool Caller::hear() {
  static std::array<char, kAtOnce> bytes;  // one thread reads
  const ssize_t size = ::recv(socket(), bytes.data(), bytes.size(), 0);
  if (size <= 0) return size < 0 && (errno == EAGAIN || errno == EINTR);
  heard_.bytes += static_cast<std::uint64_t>(size);
  unread_.append(bytes.data(), static_cast<std::size_t>(size));
  return read_frames() && say();
}

bool Caller::read_frames() {
  std::string_view left = unread_;
  if (!greeted_) {
    if (left.size() < kPreface.size()) return kPreface.starts_with(left);
    if (!left.starts_with(kPreface)) return false;
    left.remove_prefix(kPreface.size());
    greeted_ = true;
  }
  while (left.size() >= kHead) {
    const std::size_t size = number(left.substr(0, 3));
    if (left.size() < kHead + size) break;
    read_frame(static_cast<std::uint8_t>(left[3]), static_cast<std::uint8_t>(left[4]), number(left.substr(5, 4)),
               left.substr(kHead, size));
    left.remove_prefix(kHead + size);
  }
  unread_.erase(0, unread_.size() - left.size());
  return true;
}

void Caller::read_frame(std::uint8_t kind, std::uint8_t flags, std::uint32_t stream, std::string_view payload) {
  if (kind == Kind::settings && (flags & kAck) == 0) answer_ += frame(Kind::settings, kAck, 0);
  if (kind == Kind::ping && (flags & kAck) == 0) answer_ += frame(Kind::ping, kAck, 0, payload);
  if (kind == Kind::data) {
    message_ += payload;
    taken_ += static_cast<std::uint32_t>(payload.size());
  }
  if ((kind == Kind::data || kind == Kind::headers) && (flags & kEndStream) != 0) thank(stream);
}

void Caller::thank(std::uint32_t stream) {
  static const std::string opening = '\x88' + field("content-type", "application/grpc");  // status 200
  static const std::string closing = field("grpc-status", "0");
  ++heard_.requests;
  if (message_.size() > kPrefix) heard_.spans += count_spans(std::string_view(message_).substr(kPrefix));
  message_.clear();
  answer_ += frame(Kind::headers, kEndHeaders, stream, opening);
  answer_ += frame(Kind::data, 0, stream, std::string(kPrefix, '\0'));
  answer_ += frame(Kind::headers, kEndHeaders | kEndStream, stream, closing);
  if (taken_ < kWidenAfter) return;
  answer_ += frame(Kind::window_update, 0, 0, number(std::exchange(taken_, 0)));
}

bool Caller::say() {
  std::string_view left = answer_;
  while (!left.empty()) {
    const ssize_t size = ::send(socket(), left.data(), left.size(), MSG_NOSIGNAL);
    if (size > 0) {
      left.remove_prefix(static_cast<std::size_t>(size));
    } else if (errno == EAGAIN) {
      pollfd room{.fd = socket(), .events = POLLOUT, .revents = 0};
      ::poll(&room, 1, -1);
    } else if (errno != EINTR) {
      return false;
    }
  }
  answer_.clear();
  return true;
}

}  // namespace pais::bench
