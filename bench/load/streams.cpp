#include "load/streams.h"

#include <deque>
#include <optional>

#include "load/connection.h"
#include "wire/epoll.h"
#include "wire/token_mark.h"

namespace pais::bench {
namespace {

// Reads the events of one stream and keeps the books on its tokens.
class StreamCheck : public BodySink {
 public:
  explicit StreamCheck(StreamsTally& tally) : tally_(tally) {}

  void start(Clock::time_point now) { asked_ = now; }

  void take(std::string_view bytes) override {
    for (auto end = bytes.find('\n'); end != std::string_view::npos; end = bytes.find('\n')) {
      line_ += bytes.substr(0, end);
      read_line(line_);
      line_.clear();
      bytes.remove_prefix(end + 1);
    }
    line_ += bytes;
  }

  // What is wrong with the stream now that it has ended; empty when it was whole.
  std::string verdict(std::size_t expected_tokens) const {
    if (!disorder_.empty()) return disorder_;
    if (tokens_ != expected_tokens) {
      return std::to_string(tokens_) + " tokens instead of " + std::to_string(expected_tokens);
    }
    return done_ ? "" : "no [DONE]";
  }

 private:
  void read_line(std::string_view line) {
    if (!line.starts_with("data:")) return;
    if (line.find("[DONE]") != std::string_view::npos) done_ = true;
    const auto before = tokens_;
    while (const auto mark = take_mark(line)) read_token(*mark);
    if (tokens_ > before + 1) tally_.merged += tokens_ - before - 1;
  }

  void read_token(const TokenMark& mark) {
    const auto now = Clock::now();
    tally_.delay.record(now - mark.sent);
    if (tokens_ == 0) tally_.first_token.record(now - asked_);
    if (done_ && disorder_.empty()) disorder_ = "a token after [DONE]";
    if (mark.index != tokens_ && disorder_.empty()) {
      disorder_ = "token " + std::to_string(mark.index) + " where " + std::to_string(tokens_) + " was due";
    }
    ++tokens_;
    ++tally_.tokens;
  }

  StreamsTally& tally_;
  std::string line_;
  Clock::time_point asked_;
  std::size_t tokens_ = 0;
  bool done_ = false;
  std::string disorder_;
};

class Readers {
 public:
  explicit Readers(const Streams& plan) : plan_(plan) {}

  Result<void> connect() {
    for (int i = 0; i < plan_.streams; ++i) {
      auto connection = Connection::open(plan_.target.server);
      if (!connection) return connection.error();
      streams_.push_back({.connection = std::move(*connection), .check = StreamCheck(tally_)});
      epoll_.add(streams_.back().connection.fd(), streams_.size() - 1);
    }
    return {};
  }

  StreamsTally run() {
    const auto start = Clock::now();
    const auto deadline = start + plan_.ramp + plan_.patience;
    std::size_t asked = 0;
    while (asked < streams_.size()) {
      const auto due = start + plan_.ramp * asked / streams_.size();
      const auto now = Clock::now();
      if (now >= due) ask(streams_[asked++], now);
      listen(due - now);
    }
    while (open_ > 0 && Clock::now() < deadline) listen(deadline - Clock::now());

    tally_.lasted = Clock::now() - start;
    for (auto& stream : streams_) judge(stream);
    return std::move(tally_);
  }

 private:
  struct Stream {
    Connection connection;
    StreamCheck check;
    AnswerReader::State state = AnswerReader::State::more;
  };

  void ask(Stream& stream, Clock::time_point now) {
    stream.check.start(now);
    stream.connection.write(plan_.target.request);
    ++open_;
  }

  void listen(std::chrono::nanoseconds patience) {
    for (const auto& event : epoll_.wait(patience)) {
      auto& stream = streams_[event.data.u64];
      if (stream.state != AnswerReader::State::more) continue;
      stream.state = stream.connection.read(scratch_, &stream.check);
      if (stream.state == AnswerReader::State::more) continue;
      --open_;
      epoll_.remove(stream.connection.fd());
    }
  }

  void judge(const Stream& stream) {
    std::string failure;
    if (stream.state == AnswerReader::State::more) {
      failure = "not at its end in time";
    } else if (stream.state == AnswerReader::State::broken) {
      failure = "the connection broke";
    } else if (stream.connection.status() != 200) {
      failure = "status " + std::to_string(stream.connection.status());
    } else {
      failure = stream.check.verdict(plan_.tokens);
    }
    if (failure.empty()) {
      ++tally_.whole;
    } else if (tally_.broken++ == 0) {
      tally_.first_failure = failure;
    }
  }

  const Streams& plan_;
  StreamsTally tally_;
  Epoll epoll_;
  std::deque<Stream> streams_;
  Connection::Scratch scratch_;
  std::size_t open_ = 0;
};

}  // namespace

Result<StreamsTally> run(const Streams& plan) {
  Readers readers(plan);
  auto connected = readers.connect();
  if (!connected) return connected.error();
  return readers.run();
}

}  // namespace pais::bench
