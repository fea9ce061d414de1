#include "model/exchange.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/mentions.h"
#include "model/answer_builder.h"
#include "model/answer_stream.h"
#include "model/chat_piece.h"
#include "model/outcome.h"

namespace pais::model {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

class NobodyListens final : public Deltas {
 public:
  void text(std::string_view) override {}
  void thinking(std::string_view) override {}
};

bool is_success(int status) {
  return status >= 200 && status < 300;
}

// Some servers stream under another name, or none. JSON and HTML are what else comes where a stream was asked for.
bool comes_as_stream(const http::ClientResponse& head, bool wanted_as_stream) {
  if (!is_success(head.status)) return false;
  const std::string_view type = head.header("Content-Type");
  if (mentions(type, "text/event-stream")) return true;
  return wanted_as_stream && !mentions(type, "json") && !mentions(type, "html");
}

Result<Answer> read_whole(std::string_view body, Deltas& deltas) {
  ChatPiece piece;
  AnswerBuilder builder;
  if (auto read = read_chat_piece(body, piece); !read) {
    return Error{.code = Code::model_bad_response, .cause = read.error().cause + ": " + excerpt(body)};
  }
  if (auto added = builder.add_whole(piece); !added) return added.error();
  auto answer = builder.take();
  if (!answer) return answer;
  if (!answer->thinking.empty()) deltas.thinking(answer->thinking);
  if (!answer->text.empty()) deltas.text(answer->text);
  return answer;
}

Circuit::Verdict verdict_on(const Exchange& exchange) {
  if (exchange.status >= 500) return Circuit::Verdict::failed;
  if (exchange.status != 0) return Circuit::Verdict::answered;
  const bool no_connection = exchange.error.code == Code::model_unreachable || exchange.error.code == Code::model_error;
  return no_connection ? Circuit::Verdict::failed : Circuit::Verdict::unknown;
}

// Of an answer that is whole, the usage and `[DONE]` follow at once; some servers send neither, and keep the
// connection.
constexpr milliseconds kPatienceForLastWords{2000};

// One call of the HTTP client, with what its receiver keeps.
class Reception {
 public:
  Reception(bool wanted_as_stream, Deltas& deltas)
      : wanted_as_stream_(wanted_as_stream), deltas_(wanted_as_stream ? deltas : nobody_), stream_(deltas_) {}

  Exchange run(const http::Client& client, const http::ClientRequest& request, const std::stop_token& stop) {
    if (request.limits.first_byte.count() > 0) first_token_by_ = steady_clock::now() + request.limits.first_byte;
    longest_silence_ = request.limits.idle;
    const http::Receiver receiver{.on_head = [this](const http::ClientResponse& head) { return take_head(head); },
                                  .on_bytes = [this](std::string_view bytes) { return take_bytes(bytes); },
                                  .patience = [this] { return patience(); }};
    auto response = client.send(request, receiver, stop);
    settle(comes_as_stream_ ? read_stream(response) : read_response(response));
    exchange_.verdict = verdict_on(exchange_);
    exchange_.first_token_at = stream_.first_token_at();
    return std::move(exchange_);
  }

 private:
  bool take_head(const http::ClientResponse& head) {
    exchange_.status = head.status;
    comes_as_stream_ = comes_as_stream(head, wanted_as_stream_);
    return true;
  }

  bool take_bytes(std::string_view bytes) {
    if (comes_as_stream_) return stream_.feed(bytes);
    body_ += bytes;
    return body_.size() <= kMaxAnswerBytes;
  }

  milliseconds patience() const {
    if (!comes_as_stream_) return longest_silence_;
    if (stream_.is_whole()) return kPatienceForLastWords;
    if (!first_token_by_ || stream_.first_token_at()) return longest_silence_;
    const auto left = std::chrono::ceil<milliseconds>(*first_token_by_ - steady_clock::now());
    return std::max(left, milliseconds(1));
  }

  Result<Answer> read_stream(const Result<http::ClientResponse>& response) {
    if (stream_.problem()) return *stream_.problem();
    if (response) return ended_in_good_order();
    const bool came_too_late_to_matter = stream_.is_whole() && response.error().code != Code::cancelled;
    return came_too_late_to_matter ? stream_.finish() : broken(response.error());
  }

  // An answer that was not whole: asking again may help.
  Result<Answer> ended_in_good_order() {
    auto answer = stream_.finish();
    exchange_.worth_repeating = !answer && answer.error().code == Code::model_error;
    return answer;
  }

  Result<Answer> read_response(Result<http::ClientResponse>& response) {
    if (!response) return broken(response.error());
    if (body_.size() > kMaxAnswerBytes) return broken({.code = Code::too_large, .cause = "the answer is too long"});
    exchange_.status = response->status;
    if (is_success(response->status)) return read_whole(body_, deltas_);
    exchange_.worth_repeating = is_worth_repeating(response->status);
    response->body = body_;
    exchange_.body = std::move(body_);
    return refused(*response);
  }

  Error broken(const Error& plumbing) {
    Error error = failed(plumbing);
    exchange_.worth_repeating = error.code == Code::model_unreachable || error.code == Code::model_error;
    return error;
  }

  void settle(Result<Answer> answer) {
    if (answer) {
      exchange_.answer = *std::move(answer);
    } else {
      exchange_.error = answer.error();
    }
  }

  const bool wanted_as_stream_;
  NobodyListens nobody_;
  Deltas& deltas_;
  AnswerStream stream_;
  std::optional<steady_clock::time_point> first_token_by_;
  milliseconds longest_silence_{0};
  bool comes_as_stream_ = false;
  std::string body_;  // of an answer that is no stream
  Exchange exchange_;
};

}  // namespace

Exchange exchange(const http::Client& client, const http::ClientRequest& request, bool wanted_as_stream, Deltas& deltas,
                  const std::stop_token& stop) {
  Reception reception(wanted_as_stream, deltas);
  return reception.run(client, request, stop);
}

}  // namespace pais::model
