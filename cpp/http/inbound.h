// One accepted connection: bytes in, bytes out, and what both may cost.
//
// The reactor's thread feeds it what arrives and tells it the time; whoever answers a request writes through it from
// any thread. Nothing here blocks but `write_event`, which waits for a slow reader. What is written goes to the kernel
// at once as far as it takes it; the reactor sends the rest when the reader has made room.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <netinet/in.h>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>

#include "http/body_budget.h"
#include "http/chunked.h"
#include "http/framing.h"
#include "http/server.h"

namespace pais::http {

using Instant = std::chrono::steady_clock::time_point;

// A request on its way to its handler, or one whose answer is known before its body is read.
struct Arrival {
  Request request = {};
  const Route* route = nullptr;
  bool ancient = false;  // HTTP/1.0: knows no chunks
  std::optional<Response> answer = {};
  BodyShare share = {};  // that the request's body has

  void refuse(const Error& error) { answer = error_response(error); }
  std::string_view pattern() const { return route == nullptr ? std::string_view() : std::string_view(route->pattern); }
};

class Inbound;

// What an Inbound needs of the server around it.
class InboundOwner {
 public:
  virtual ~InboundOwner() = default;

  // Reactor's thread: a head is here. An arrival that has its answer does not have its body read.
  virtual std::unique_ptr<Arrival> on_head(const Inbound& inbound, const Head& head) = 0;
  // Reactor's thread: the request is whole, or has its answer.
  virtual void on_request(const std::shared_ptr<Inbound>& inbound, std::unique_ptr<Arrival> arrival) = 0;
  // Any thread: look at this connection again, its client's bytes may be waiting.
  virtual void wake(std::shared_ptr<Inbound> inbound) = 0;
  virtual void count_bytes(std::size_t in, std::size_t out) = 0;
  // Reactor's thread: where bytes are read to, one connection after another.
  virtual std::span<char> scratch() = 0;
};

class Inbound : public std::enable_shared_from_this<Inbound> {
 public:
  // Owns `fd`, which is connected and does not block. `limits` and `owner` outlive it.
  Inbound(int fd, const sockaddr_storage& peer, const Limits& limits, InboundOwner& owner);
  ~Inbound();
  Inbound(const Inbound&) = delete;
  Inbound& operator=(const Inbound&) = delete;

  std::string peer() const;

  // --- The reactor's thread. False: the connection is over and has to be forgotten. ---

  bool on_readable();
  bool on_writable();
  bool on_hang_up(bool both_ways);
  bool on_time(Instant now);
  // What is to come of a request has to be here by then.
  void hurry(Instant until);

  // Closes at once, and stops the request at hand.
  void abandon();

  int fd() const { return fd_; }  // -1 once it is over
  bool idle() const;              // between two requests, nothing of the next one seen
  Instant quiet_since() const;

  // --- Any thread: the answer to the request at hand. ---

  // The number of the request at hand. Who answers says which one he means: when its answer is out the connection may
  // be at the next request, and he is too late.
  using Turn = std::uint64_t;
  Turn turn() const;

  // Tells the request at hand of a hang-up; the server stops it through the same source.
  std::stop_source exchange() const;
  bool closing() const;  // no further request will be read, so the answer should say so
  void close_after_answer();

  // Of all who want to answer the first one may. A promised stream may come before any of them.
  bool begin_answer(Turn turn);
  // A whole answer, after `begin_answer`.
  void send(std::string_view head, std::string_view body);
  // Opens a stream, or finds it opened. False when a whole answer was sent.
  bool open_stream(Turn turn, std::string_view head, std::string_view first, bool chunked);
  void promise_stream(Turn turn, std::string head, std::string first, bool chunked, Instant at);
  bool write_event(Turn turn, std::string_view block);
  bool is_streaming(Turn turn) const;
  void end_stream(Turn turn);

 private:
  enum class Phase {
    head,       // reading the head of a request, or waiting for its first byte
    body,       // reading its body
    answering,  // the request is whole, its answer is not through
    lingering,  // the last answer is out; what still arrives is dropped until the client closes too
    closed,
  };

  struct Promise {
    std::string head;
    std::string first;
    bool chunked;
    Instant at;
  };

  // The reactor's thread.
  enum class Got { bytes, nothing, end };
  Got receive();
  Phase phase() const;
  void advance();
  bool read_request_head();
  bool read_request_body();
  void refuse(const Error& error);
  void deliver();
  void enter(Phase phase, std::chrono::milliseconds deadline);

  // With `mutex_` held.
  void put(std::string_view first, std::string_view second);
  void flush();
  void begin_stream(std::string_view head, std::string_view first, bool chunked);
  void put_chunk(std::string_view block);
  void finish_if_sent();
  void break_off();

  const Limits& limits_;
  InboundOwner& owner_;
  const sockaddr_storage peer_;

  // The reactor's alone.
  std::string in_;                 // bytes that framing has not used yet
  std::size_t searched_ = 0;       // framing's bookmark in `in_`
  bool head_begun_ = false;        // the first byte of a request is here
  bool line_end_skipped_ = false;  // the one that may stand before a request
  std::unique_ptr<Arrival> arrival_;
  std::optional<ChunkedReader> chunks_;
  std::uint64_t body_left_ = 0;
  bool may_have_more_ = false;  // the kernel holds bytes that no event will tell of again

  mutable std::mutex mutex_;  // guards all below
  std::condition_variable drained_;
  int fd_;
  Phase phase_ = Phase::head;
  Turn turn_ = 0;
  Instant deadline_;
  Instant quiet_since_;
  std::string out_;         // what the kernel has not taken yet
  Instant progress_;        // when the kernel last took something
  bool keep_alive_ = true;  // as the request at hand wants it
  bool closing_ = false;    // as the server wants it
  bool hung_up_ = false;
  bool begun_ = false;  // the answer to the request at hand
  bool streaming_ = false;
  bool chunked_ = false;
  bool through_ = false;     // all of it is written
  bool wake_after_ = false;  // bytes of the next request are waiting
  std::unique_ptr<Promise> promise_;
  std::stop_source exchange_{std::nostopstate};
};

}  // namespace pais::http
