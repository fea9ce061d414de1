// The stream that httplib makes one call over: what it writes is sent as one piece, and what it reads is an answer
// that has been checked. Only httplib_client.cpp includes this header, for it stands on httplib's own.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/result.h"
#include "http/answer_head.h"
#include "http/chunked.h"
#include "http/connection.h"
#include "http/httplib_adapter.h"
#include "http/httplib_client.h"

namespace pais::http {

class CallStream : public HttplibStream {
 public:
  CallStream(Connection& connection, const Call& call, const std::stop_token& stop);

  // httplib's side. Nothing leaves before the first read: head and body go out together.
  ssize_t read(char* into, std::size_t size) override;
  ssize_t write(const char* bytes, std::size_t size) override;

  // Ours.
  const std::optional<Error>& failure() const { return failure_; }
  AnswerHead& head() { return *head_; }
  bool has_head() const { return head_.has_value(); }
  bool heard() const { return heard_; }
  std::size_t sent() const { return sent_; }
  // The answer is through to its last byte, and the connection fit for the next call.
  bool at_clean_end() const;
  // For the next bytes of the answer, whatever the limits of the call are.
  void wait_no_longer_than(Deadline until) { until_ = until; }
  // Reads what nobody wants any more of an answer, as far as its end. `timed_out` when that has not come by `until`, or
  // only more and more of the rest.
  Result<void> skip_rest(Deadline until);

 private:
  Result<std::size_t> give(std::span<char> into);
  Result<void> exchange_heads();
  Result<void> send_request();
  Result<void> receive_head();
  Result<void> open_body();

  Result<std::size_t> give_sized(std::span<char> into);
  Result<std::size_t> give_chunked(std::span<char> into);
  Result<std::size_t> give_until_close(std::span<char> into);

  // Bytes received and not used yet.
  std::string_view buffered() const { return {buffer_.get() + begin_, end_ - begin_}; }
  void use(std::size_t bytes) { begin_ += bytes; }
  // Adds at least one byte to them.
  Result<void> fill(Deadline deadline);
  // Takes from them, or else from the connection itself. 0: the peer has ended the stream.
  Result<std::size_t> take(std::span<char> into);
  Result<std::size_t> receive(std::span<char> into, Deadline deadline);
  Deadline idle_deadline() const;

  Connection& connection_;
  const Call& call_;
  const std::stop_token& stop_;

  std::string outgoing_;  // the head that httplib wrote
  std::size_t sent_ = 0;
  bool send_broke_off_ = false;

  std::unique_ptr<char[]> buffer_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  bool heard_ = false;
  Deadline until_ = kNoDeadline;  // of what is read, beside the limits of the call

  std::optional<AnswerHead> head_;
  std::string opening_;         // what httplib is shown for a head
  std::size_t opening_at_ = 0;  // how much of it it has read
  std::uint64_t left_ = 0;      // of a sized body
  std::uint64_t given_ = 0;     // of a body that ends with the connection
  ChunkedReader chunks_;
  std::string payload_;  // of chunks, not given yet from `payload_at_` on
  std::size_t payload_at_ = 0;

  std::optional<Error> failure_;
};

}  // namespace pais::http
