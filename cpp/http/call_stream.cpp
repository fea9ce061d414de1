#include "http/call_stream.h"

#include <algorithm>
#include <utility>

namespace pais::http {
namespace {

constexpr std::size_t kFirstBuffer = 4 * 1024;
constexpr std::size_t kLargestBuffer = kMaxAnswerHeadBytes;
constexpr std::size_t kMostSkipped = 64 * 1024;

Error broken_off() {
  return Error{.code = Code::malformed, .cause = "the connection ended before the answer did"};
}
Error too_large(const char* what) {
  return Error{.code = Code::too_large, .cause = what};
}

// The chunk reader speaks of requests; ours is an answer.
Error of_answer(const Error& error) {
  const bool large = error.code == Code::payload_too_large || error.code == Code::headers_too_large;
  return error.as(large ? Code::too_large : Code::malformed);
}

}  // namespace

CallStream::CallStream(Connection& connection, const Call& call, const std::stop_token& stop)
    : connection_(connection), call_(call), stop_(stop), chunks_(call.limits.answer_bytes) {}

ssize_t CallStream::write(const char* bytes, std::size_t size) {
  outgoing_.append(bytes, size);
  return static_cast<ssize_t>(size);
}

ssize_t CallStream::read(char* into, std::size_t size) {
  if (failure_) return -1;
  auto given = give({into, size});
  if (given) return static_cast<ssize_t>(*given);
  failure_ = given.error();
  return -1;
}

Result<std::size_t> CallStream::give(std::span<char> into) {
  if (!head_) {
    if (auto exchanged = exchange_heads(); !exchanged) return exchanged.error();
  }
  if (opening_at_ < opening_.size()) {
    const std::size_t piece = opening_.copy(into.data(), into.size(), opening_at_);
    opening_at_ += piece;
    return piece;
  }
  switch (head_->body) {
    case AnswerHead::Body::none:
      return std::size_t{0};
    case AnswerHead::Body::sized:
      return give_sized(into);
    case AnswerHead::Body::chunked:
      return give_chunked(into);
    case AnswerHead::Body::until_close:
      return give_until_close(into);
  }
  return std::size_t{0};
}

Result<void> CallStream::exchange_heads() {
  if (auto sent = send_request(); !sent) return sent.error().during("sending the request");
  if (auto received = receive_head(); !received) return received.error().during("waiting for the answer");
  return open_body();
}

Result<void> CallStream::send_request() {
  std::string_view head = outgoing_;
  std::string_view body = call_.body;
  while (!head.empty() || !body.empty()) {
    auto taken = connection_.write_some(head, body, idle_deadline(), stop_);
    if (!taken && taken.error().code == Code::unreachable && sent_ > 0) {
      // A server that refuses a request may answer before it has read all of it.
      send_broke_off_ = true;
      return {};
    }
    if (!taken) return taken.error();
    sent_ += *taken;
    const std::size_t of_head = std::min(*taken, head.size());
    head.remove_prefix(of_head);
    body.remove_prefix(*taken - of_head);
  }
  return {};
}

Result<void> CallStream::receive_head() {
  Deadline deadline = std::min(call_.end, deadline_in(call_.limits.first_byte));
  std::size_t searched = 0;
  std::size_t interim_bytes = 0;
  for (;;) {
    const std::size_t size = answer_head_size(buffered(), searched);
    if (interim_bytes + (size != 0 ? size : buffered().size()) > kMaxAnswerHeadBytes) {
      return too_large("the answer's head is too large");
    }
    if (size == 0) {
      if (auto filled = fill(deadline); !filled) return filled.error();
      // The rest of the head has the time of one pause: it cannot be stretched byte by byte.
      if (!std::exchange(heard_, true)) deadline = idle_deadline();
      if (!may_be_answer(buffered())) return Error{.code = Code::malformed, .cause = "the answer is not HTTP"};
      continue;
    }
    auto head = read_answer_head(buffered().substr(0, size), call_.method);
    if (!head) return head.error();
    use(size);
    if (!head->interim()) {
      head_ = *std::move(head);
      return {};
    }
    interim_bytes += size;
    searched = 0;
  }
}

Result<void> CallStream::open_body() {
  if (head_->body == AnswerHead::Body::sized) {
    const std::size_t limit = call_.limits.answer_bytes;
    if (limit != 0 && head_->content_length > limit) return too_large("the answer announces more than the limit");
    left_ = head_->content_length;
  }
  opening_ = "HTTP/1.1 " + std::to_string(head_->status) + "\r\n\r\n";
  return {};
}

Result<std::size_t> CallStream::give_sized(std::span<char> into) {
  if (left_ == 0) return std::size_t{0};
  auto taken = take(into.first(std::min<std::uint64_t>(into.size(), left_)));
  if (!taken) return taken.error();
  if (*taken == 0) return broken_off();
  left_ -= *taken;
  return taken;
}

Result<std::size_t> CallStream::give_chunked(std::span<char> into) {
  while (payload_at_ == payload_.size()) {
    payload_.clear();
    payload_at_ = 0;
    if (chunks_.done()) return std::size_t{0};
    if (buffered().empty()) {
      if (auto filled = fill(idle_deadline()); !filled) return filled.error();
    }
    auto used = chunks_.feed(buffered(), payload_);
    if (!used) return of_answer(used.error());
    use(*used);
  }
  const std::size_t piece = payload_.copy(into.data(), into.size(), payload_at_);
  payload_at_ += piece;
  return piece;
}

Result<std::size_t> CallStream::give_until_close(std::span<char> into) {
  auto taken = take(into);
  if (!taken) return taken.error();
  given_ += *taken;
  const std::size_t limit = call_.limits.answer_bytes;
  if (limit != 0 && given_ > limit) return too_large("the answer is over the limit");
  return taken;
}

bool CallStream::at_clean_end() const {
  if (!head_ || failure_ || send_broke_off_ || !head_->keep_alive || begin_ != end_) return false;
  return left_ == 0 && (head_->body != AnswerHead::Body::chunked || chunks_.done());
}

Result<void> CallStream::skip_rest(Deadline until) {
  until_ = until;
  std::array<char, kFirstBuffer> unwanted;
  for (std::size_t skipped = 0; skipped <= kMostSkipped;) {
    const auto given = give(unwanted);
    if (!given) return given.error();
    if (*given == 0) return {};
    skipped += *given;
  }
  return Error{.code = Code::timed_out, .cause = "the answer went on and on"};
}

Result<void> CallStream::fill(Deadline deadline) {
  if (begin_ == end_) begin_ = end_ = 0;
  if (end_ == capacity_) {
    // Full: what comes is large, and more room saves calls.
    const std::size_t capacity = capacity_ == 0 ? kFirstBuffer : std::min(2 * capacity_, 2 * kLargestBuffer);
    auto larger = std::make_unique_for_overwrite<char[]>(capacity);
    buffered().copy(larger.get(), capacity);
    end_ -= std::exchange(begin_, 0);
    buffer_ = std::move(larger);
    capacity_ = capacity;
  }
  auto received = receive({buffer_.get() + end_, capacity_ - end_}, deadline);
  if (!received) return received.error();
  if (*received == 0) return broken_off();
  end_ += *received;
  return {};
}

Result<std::size_t> CallStream::take(std::span<char> into) {
  if (begin_ == end_) return receive(into, idle_deadline());
  const std::size_t piece = buffered().copy(into.data(), into.size());
  use(piece);
  return piece;
}

Result<std::size_t> CallStream::receive(std::span<char> into, Deadline deadline) {
  const bool waits_no_longer = until_ < call_.end && std::chrono::steady_clock::now() >= until_;
  auto received = waits_no_longer ? connection_.read_at_hand(into, stop_) : connection_.read(into, deadline, stop_);
  if (!received && received.error().code == Code::unreachable) return received.error().as(Code::malformed);
  return received;
}

Deadline CallStream::idle_deadline() const {
  return std::min({call_.end, deadline_in(call_.limits.idle), until_});
}

}  // namespace pais::http
