// A model's server over a real socket that does what a test has written for it, well-behaved or not.
//
//   FakeModel server;
//   server.next(Reply::json(R"({"choices":[…]})"));
//   server.next(Reply::stream().event(chunk).wait(told).event(chunk).reset());
//
// Each request takes the next reply from the queue; when that is empty the answer is 500.
#pragma once

#include <algorithm>
#include <cctype>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/raw_server.h"
#include "support/signal.h"

namespace pais::test {

// One answer, step by step. It can be written in one go: each step gives back the reply.
class Reply {
 public:
  // A whole answer.
  static Reply body(int status, const std::string& text, const std::string& type = "application/json",
                    const std::vector<std::string>& headers = {}) {
    Reply reply;
    return reply.say(head(status, type, headers) + "Content-Length: " + std::to_string(text.size()) + "\r\n\r\n" +
                     text);
  }
  static Reply json(const std::string& text) { return body(200, text); }

  // An answer of that status in the shape of OpenAI's errors.
  static Reply error(int status, const std::string& message, const std::vector<std::string>& headers = {}) {
    return body(status, R"({"error":{"message":")" + message + R"(","type":"x","code":null}})", "application/json",
                headers);
  }

  // The beginning of a stream; each of its events goes out as one HTTP chunk.
  static Reply stream(const std::string& type = "text/event-stream") {
    Reply reply;
    return reply.say(head(200, type, {}) + "Transfer-Encoding: chunked\r\n\r\n");
  }

  // Nothing of an answer.
  static Reply nothing() { return {}; }

  Reply say(const std::string& bytes) {
    return then([bytes](RawPeer& peer) {
      peer.send(bytes);
      return true;
    });
  }
  Reply chunk(const std::string& bytes) { return say(hex(bytes.size()) + "\r\n" + bytes + "\r\n"); }
  Reply event(const std::string& data) { return chunk("data: " + data + "\n\n"); }

  // Goes on when the test says so.
  Reply wait(const std::shared_ptr<Signal>& told) {
    return then([told](RawPeer&) { return told->wait(); });
  }

  // The stream ends as it should.
  Reply done() { return event("[DONE]").end(); }
  // The same without its last word.
  Reply end() { return say("0\r\n\r\n"); }

  // Says no more and keeps the connection until the client leaves.
  Reply hang() {
    return then([](RawPeer& peer) {
      peer.hung_up();
      return false;
    });
  }
  // Closes the connection in good order, wherever the answer stands.
  Reply cut() {
    return then([](RawPeer&) { return false; });
  }
  Reply reset() {
    return then([](RawPeer& peer) {
      peer.reset();
      return false;
    });
  }

  // False when the connection is over.
  bool play(RawPeer& peer) const {
    return std::all_of(steps_.begin(), steps_.end(), [&peer](const Step& step) { return step(peer); });
  }

 private:
  using Step = std::function<bool(RawPeer&)>;

  Reply then(Step step) {
    steps_.push_back(std::move(step));
    return *this;
  }

  static std::string head(int status, const std::string& type, const std::vector<std::string>& headers) {
    std::string text = "HTTP/1.1 " + std::to_string(status) + " X\r\n";
    if (!type.empty()) text += "Content-Type: " + type + "\r\n";
    for (const std::string& header : headers) text += header + "\r\n";
    return text;
  }

  static std::string hex(std::size_t number) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string text;
    do {
      text.insert(text.begin(), kDigits[number % 16]);
      number /= 16;
    } while (number > 0);
    return text;
  }

  std::vector<Step> steps_;
};

struct AskedRequest {
  explicit AskedRequest(const std::string& text)
      : line(text.substr(0, text.find("\r\n"))),
        head(text.substr(0, text.find("\r\n\r\n") + 2)),
        body(text.substr(text.find("\r\n\r\n") + 4)) {}

  std::string line;  // "POST /v1/chat/completions HTTP/1.1"
  std::string head;  // with its line
  std::string body;

  // The value of a header, named in lower case; "" when there is none.
  std::string header(const std::string& name) const {
    std::string lower = head;
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    const auto at = lower.find("\r\n" + name + ": ");
    if (at == std::string::npos) return "";
    const auto start = at + name.size() + 4;
    return head.substr(start, head.find("\r\n", start) - start);
  }
};

class FakeModel {
 public:
  // Where agents are told that the model is.
  std::string url() const { return server_.url(""); }

  void next(Reply reply) {
    const std::lock_guard lock(mutex_);
    replies_.push_back(std::move(reply));
  }

  std::vector<AskedRequest> asked() const {
    const std::lock_guard lock(mutex_);
    return asked_;
  }

  int connections() const { return server_.connections(); }

  bool wait_for_requests(std::size_t count) {
    return wait_until([this, count] { return asked_.size() >= count; });
  }

  // Until nobody is connected any more.
  bool wait_for_hangup() {
    return wait_until([this] { return open_ == 0; });
  }

 private:
  template <typename Predicate>
  bool wait_until(Predicate holds) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kPatience, holds);
  }

  void serve(RawPeer& peer) {
    count_open(+1);
    for (std::string text = peer.read_request(); !text.empty(); text = peer.read_request()) {
      if (!take(text).play(peer)) break;
    }
    count_open(-1);
  }

  void count_open(int change) {
    const std::lock_guard lock(mutex_);
    open_ += change;
    changed_.notify_all();
  }

  Reply take(const std::string& text) {
    const std::lock_guard lock(mutex_);
    asked_.emplace_back(text);
    changed_.notify_all();
    if (replies_.empty()) return Reply::error(500, "the test has no more replies");
    Reply reply = std::move(replies_.front());
    replies_.pop_front();
    return reply;
  }

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_:
  std::deque<Reply> replies_;
  std::vector<AskedRequest> asked_;
  int open_ = 0;

  RawServer server_{[this](RawPeer& peer) { serve(peer); }};  // the last: its threads end first
};

}  // namespace pais::test
