#include "http/inbound.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>
#include <utility>

#include "http/listener.h"

namespace pais::http {
namespace {

constexpr int kReadsAtOnce = 8;                   // then the others have their turn
constexpr std::size_t kStreamBuffer = 64 * 1024;  // what may wait for a slow reader of a stream
constexpr std::size_t kKeptCapacity = 2 * 1024;   // of `in_`, between requests
constexpr auto kLinger = std::chrono::seconds(2);

HeadLimits head_limits(const Limits& limits) {
  return HeadLimits{.bytes = limits.header_bytes, .lines = limits.header_count, .target_bytes = limits.target_bytes};
}

Instant deadline_after(std::chrono::milliseconds time) {
  return time.count() == 0 ? Instant::max() : std::chrono::steady_clock::now() + time;
}

Error too_much_at_once() {
  return Error{.code = Code::too_many_connections, .cause = "the bodies of all requests at hand are over the limit"};
}

}  // namespace

Inbound::Inbound(int fd, const sockaddr_storage& peer, const Limits& limits, InboundOwner& owner)
    : limits_(limits),
      owner_(owner),
      peer_(peer),
      fd_(fd),
      deadline_(deadline_after(limits.idle_time)),
      quiet_since_(std::chrono::steady_clock::now()) {}

Inbound::~Inbound() {
  if (fd_ >= 0) ::close(fd_);
}

std::string Inbound::peer() const {
  return address_text(peer_);
}

// ---------------------------------------------------------------------------------------------- what arrives

bool Inbound::on_readable() {
  for (int reads = 0; reads < kReadsAtOnce; ++reads) {
    const Phase now = phase();
    if (now == Phase::closed) return false;
    if (now == Phase::answering) {
      may_have_more_ = true;
      advance();  // arranges to be woken
      if (phase() == Phase::answering) return true;
    }
    const Got got = receive();
    if (got == Got::end) return phase() == Phase::answering;
    advance();
    if (got == Got::nothing || !may_have_more_) return phase() != Phase::closed;
  }
  owner_.wake(shared_from_this());
  return true;
}

Inbound::Got Inbound::receive() {
  const std::span<char> buffer = owner_.scratch();
  const ssize_t count = ::recv(fd_, buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (count == 0) return Got::end;
  if (count < 0) {
    may_have_more_ = false;
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? Got::nothing : Got::end;
  }
  may_have_more_ = static_cast<std::size_t>(count) == buffer.size();
  owner_.count_bytes(static_cast<std::size_t>(count), 0);
  if (phase() != Phase::lingering) in_.append(buffer.data(), static_cast<std::size_t>(count));
  return Got::bytes;
}

Inbound::Phase Inbound::phase() const {
  const std::scoped_lock lock(mutex_);
  return phase_;
}

void Inbound::enter(Phase phase, std::chrono::milliseconds deadline) {
  const std::scoped_lock lock(mutex_);
  phase_ = phase;
  deadline_ = deadline_after(deadline);
}

// As many requests as the bytes at hand hold, one after the other.
void Inbound::advance() {
  for (bool again = true; again;) {
    {
      const std::scoped_lock lock(mutex_);
      if (phase_ == Phase::answering) {
        wake_after_ = may_have_more_ || !in_.empty();
        return;
      }
      if (phase_ == Phase::lingering || phase_ == Phase::closed) return;
    }
    again = arrival_ ? read_request_body() : read_request_head();
  }
}

bool Inbound::read_request_head() {
  if (in_.empty()) {
    if (in_.capacity() > kKeptCapacity) std::string().swap(in_);
    return false;
  }
  if (searched_ == 0) {
    if (!line_end_skipped_ && in_.starts_with("\r\n")) {  // some clients end a body with a line end too many
      line_end_skipped_ = true;
      in_.erase(0, 2);
      return true;
    }
    if (!std::exchange(head_begun_, true)) enter(Phase::head, limits_.header_time);  // no later byte stretches it
    if (!line_end_skipped_ && in_ == "\r") return false;                             // half of such a line end, perhaps
  }

  auto read = read_head(in_, head_limits(limits_), searched_);
  if (!read) return refuse(read.error()), false;
  if (!*read) return false;

  const Head head = **read;
  arrival_ = owner_.on_head(*this, head);
  const bool settled = arrival_->answer.has_value();
  {
    const std::scoped_lock lock(mutex_);
    keep_alive_ = head.keep_alive && !(settled && head.body != Head::Body::none);
    exchange_ = std::stop_source();
  }
  body_left_ = head.body == Head::Body::sized ? head.content_length : 0;
  chunks_.reset();
  if (head.body == Head::Body::chunked) chunks_.emplace(limits_.body_bytes);
  const bool interim = head.expects_continue && !settled && in_.size() == head.size;
  in_.erase(0, head.size);
  searched_ = 0;
  head_begun_ = line_end_skipped_ = false;

  if (settled || (body_left_ == 0 && !chunks_)) {
    deliver();
    return true;
  }
  enter(Phase::body, limits_.body_time);
  if (interim) {
    const std::scoped_lock lock(mutex_);
    put("HTTP/1.1 100 Continue\r\n\r\n", {});
  }
  return true;
}

bool Inbound::read_request_body() {
  if (in_.empty()) return false;
  std::string& body = arrival_->request.body;
  if (!chunks_) {
    const std::size_t piece = std::min<std::uint64_t>(body_left_, in_.size());
    if (!arrival_->share.grow(piece)) return refuse(too_much_at_once()), false;
    body.append(in_, 0, piece);
    in_.erase(0, piece);
    body_left_ -= piece;
    if (body_left_ > 0) return false;
    deliver();
    return true;
  }

  const std::size_t before = body.size();
  const auto used = chunks_->feed(in_, body);
  if (!used) return refuse(used.error()), false;
  if (!arrival_->share.grow(body.size() - before)) return refuse(too_much_at_once()), false;
  in_.erase(0, *used);
  if (!chunks_->done()) return false;
  deliver();
  return true;
}

void Inbound::deliver() {
  enter(Phase::answering, std::chrono::milliseconds(0));
  owner_.on_request(shared_from_this(), std::move(arrival_));
}

// What came cannot be understood, so nothing behind it can either.
void Inbound::refuse(const Error& error) {
  if (!arrival_) arrival_ = std::make_unique<Arrival>();
  arrival_->refuse(error);
  in_.clear();
  {
    const std::scoped_lock lock(mutex_);
    keep_alive_ = false;
    exchange_ = std::stop_source();
  }
  deliver();
}

// ---------------------------------------------------------------------------------------------- what happens to it

bool Inbound::on_writable() {
  const std::scoped_lock lock(mutex_);
  if (!out_.empty()) flush();
  return phase_ != Phase::closed;
}

bool Inbound::on_hang_up(bool both_ways) {
  std::stop_source exchange{std::nostopstate};
  bool alive = false;
  {
    const std::scoped_lock lock(mutex_);
    hung_up_ = true;
    exchange = exchange_;
    // Who has closed only his sending side may still read his answer.
    alive = !both_ways && (phase_ == Phase::answering || may_have_more_);
  }
  exchange.request_stop();
  return alive;
}

bool Inbound::on_time(Instant now) {
  {
    const std::scoped_lock lock(mutex_);
    if (phase_ == Phase::closed) return false;
    if (!out_.empty() && limits_.write_time.count() > 0 && now - progress_ > limits_.write_time) return false;
    if (phase_ == Phase::answering) {
      if (promise_ && !begun_ && now >= promise_->at) {
        const auto promise = std::move(promise_);
        begin_stream(promise->head, promise->first, promise->chunked);
      }
      const bool silent = streaming_ && !through_ && out_.empty() && limits_.keep_alive_comment.count() > 0;
      if (silent && now - progress_ >= limits_.keep_alive_comment) put_chunk(": keep-alive\n\n");
      return true;
    }
    if (now < deadline_) return true;
    if (phase_ == Phase::lingering || (phase_ == Phase::head && in_.empty())) return false;
  }
  refuse(Error{.code = Code::request_timeout, .cause = "the request did not arrive in time"});
  return true;
}

void Inbound::hurry(Instant until) {
  const std::scoped_lock lock(mutex_);
  if (phase_ == Phase::head || phase_ == Phase::body) deadline_ = std::min(deadline_, until);
}

void Inbound::abandon() {
  std::stop_source exchange{std::nostopstate};
  {
    const std::scoped_lock lock(mutex_);
    phase_ = Phase::closed;
    if (fd_ >= 0) {
      ::shutdown(fd_, SHUT_RDWR);  // a forked child that has it too would keep the client waiting
      ::close(std::exchange(fd_, -1));
    }
    std::string().swap(out_);
    exchange = exchange_;
  }
  drained_.notify_all();
  exchange.request_stop();
}

bool Inbound::idle() const {
  return phase() == Phase::head && in_.empty();
}

Instant Inbound::quiet_since() const {
  const std::scoped_lock lock(mutex_);
  return quiet_since_;
}

// ---------------------------------------------------------------------------------------------- what is answered

Inbound::Turn Inbound::turn() const {
  const std::scoped_lock lock(mutex_);
  return turn_;
}

std::stop_source Inbound::exchange() const {
  const std::scoped_lock lock(mutex_);
  return exchange_;
}

bool Inbound::closing() const {
  const std::scoped_lock lock(mutex_);
  return closing_ || !keep_alive_;
}

void Inbound::close_after_answer() {
  const std::scoped_lock lock(mutex_);
  closing_ = true;
}

bool Inbound::begin_answer(Turn turn) {
  const std::scoped_lock lock(mutex_);
  return turn == turn_ && !std::exchange(begun_, true);
}

void Inbound::send(std::string_view head, std::string_view body) {
  const std::scoped_lock lock(mutex_);
  through_ = true;
  put(head, body);
  finish_if_sent();
}

bool Inbound::open_stream(Turn turn, std::string_view head, std::string_view first, bool chunked) {
  const std::scoped_lock lock(mutex_);
  if (turn != turn_) return false;
  if (begun_) return streaming_;
  begin_stream(head, first, chunked);
  return true;
}

void Inbound::promise_stream(Turn turn, std::string head, std::string first, bool chunked, Instant at) {
  const std::scoped_lock lock(mutex_);
  if (turn != turn_) return;
  promise_ = std::make_unique<Promise>(Promise{std::move(head), std::move(first), chunked, at});
}

bool Inbound::write_event(Turn turn, std::string_view block) {
  std::unique_lock lock(mutex_);
  if (phase_ != Phase::answering || turn != turn_ || !streaming_ || through_) return false;
  if (!block.empty()) put_chunk(block);  // an empty chunk would be the last one
  drained_.wait(lock, [&] { return out_.size() <= kStreamBuffer || phase_ == Phase::closed; });
  return phase_ != Phase::closed;
}

bool Inbound::is_streaming(Turn turn) const {
  const std::scoped_lock lock(mutex_);
  return turn == turn_ && streaming_ && !through_;
}

void Inbound::end_stream(Turn turn) {
  const std::scoped_lock lock(mutex_);
  if (turn != turn_ || !streaming_ || through_) return;
  through_ = true;
  if (chunked_) put("0\r\n\r\n", {});
  finish_if_sent();
}

// ---------------------------------------------------------------------------------------------- with the lock held

void Inbound::begin_stream(std::string_view head, std::string_view first, bool chunked) {
  begun_ = streaming_ = true;
  chunked_ = chunked;
  if (!chunked) closing_ = true;  // the end of the connection is the end of the stream
  if (first.empty() || !chunked) return put(head, first);
  put(head, as_chunk(first));
}

void Inbound::put_chunk(std::string_view block) {
  if (!chunked_) return put(block, {});
  put(as_chunk(block), {});
}

void Inbound::put(std::string_view first, std::string_view second) {
  if (phase_ == Phase::closed) return;
  const Instant now = std::chrono::steady_clock::now();
  std::size_t sent = 0;
  if (out_.empty()) {
    std::array<iovec, 2> pieces{iovec{const_cast<char*>(first.data()), first.size()},
                                iovec{const_cast<char*>(second.data()), second.size()}};
    msghdr message{};
    message.msg_iov = pieces.data();
    message.msg_iovlen = second.empty() ? 1 : 2;
    const ssize_t count = ::sendmsg(fd_, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) return break_off();
    if (count > 0) sent = static_cast<std::size_t>(count);
    progress_ = now;
    owner_.count_bytes(0, sent);
  }
  if (sent < first.size()) {
    out_.append(first.substr(sent)).append(second);
  } else {
    out_.append(second.substr(sent - first.size()));
  }
}

void Inbound::flush() {
  std::size_t sent = 0;
  while (sent < out_.size()) {
    const ssize_t count = ::send(fd_, out_.data() + sent, out_.size() - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno != EAGAIN && errno != EWOULDBLOCK) return break_off();
    if (count <= 0) break;
    sent += static_cast<std::size_t>(count);
  }
  if (sent == 0) return;
  owner_.count_bytes(0, sent);
  progress_ = std::chrono::steady_clock::now();
  out_.erase(0, sent);
  if (out_.empty()) std::string().swap(out_);
  drained_.notify_all();
  finish_if_sent();
}

// The answer is with the kernel to its last byte: on to the next request, or to the end.
void Inbound::finish_if_sent() {
  if (phase_ != Phase::answering || !through_ || !out_.empty()) return;
  ++turn_;
  begun_ = streaming_ = through_ = false;
  promise_.reset();
  exchange_ = std::stop_source(std::nostopstate);
  quiet_since_ = progress_;
  if (closing_ || !keep_alive_ || hung_up_) {
    ::shutdown(fd_, SHUT_WR);
    phase_ = Phase::lingering;
    deadline_ = progress_ + kLinger;
  } else {
    phase_ = Phase::head;
    deadline_ = deadline_after(limits_.idle_time);
  }
  if (std::exchange(wake_after_, false) || hung_up_) owner_.wake(shared_from_this());
}

// The client is gone: the reactor hears of it through the socket and forgets us.
void Inbound::break_off() {
  phase_ = Phase::closed;
  ::shutdown(fd_, SHUT_RDWR);
  std::string().swap(out_);
  drained_.notify_all();
}

}  // namespace pais::http
