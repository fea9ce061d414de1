#include "tools/delegation/peer.h"

#include <algorithm>
#include <utility>

#include "nlohmann/json.hpp"

#include "base/log.h"
#include "base/pause.h"
#include "http/url.h"

namespace pais::tools::delegation {
namespace {

using nlohmann::ordered_json;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::string_view kLogger = "pais.delegation";
constexpr milliseconds kConnect{10'000};
constexpr milliseconds kBeforeRepeating{50};
constexpr std::size_t kMostAnswerBytes = 16 * 1024 * 1024;
constexpr std::size_t kMostStreamBytes = 256 * 1024 * 1024;

ordered_json message(std::string_view role, const std::string& text) {
  return {{"role", role}, {"content", text}};
}

std::string body_of(const std::string& agent, const Task& task, bool stream) {
  ordered_json messages = ordered_json::array();
  for (const events::Utterance& said : task.context) {
    messages.push_back(message(said.speaker == events::Speaker::user ? "user" : "assistant", said.text));
  }
  messages.push_back(message("task-delegation", task.text));
  ordered_json body = {{"model", agent}, {"messages", std::move(messages)}, {"stream", stream}};
  if (stream) body["stream_options"] = {{"include_usage", true}};
  return body.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

bool is_success(int status) {
  return status >= 200 && status < 300;
}

http::Headers own_headers(const PeerAddress& address) {
  if (address.api_key.empty()) return {};
  return {{"X-API-Key", address.api_key}};
}

}  // namespace

// One `ask`, from its first request to its last.
class Peer::Asking {
 public:
  Asking(const Peer& peer, const Task& task, bool stream, const ReplyStream::OnProgress& on_progress,
         const std::stop_token& stop)
      : peer_(peer), task_(task), stop_(stop), stream_(on_progress), wants_stream_(stream) {}

  Outcome run() {
    const http::ClientRequest request = http_request();
    auto answer = send(request);
    if (may_repeat(answer)) {
      pause_until(steady_clock::now() + kBeforeRepeating, stop_);
      answer = send(request);
    }
    return read(answer);
  }

  Circuit::Verdict verdict() const { return verdict_; }
  bool found_nobody() const { return found_nobody_; }

 private:
  http::ClientRequest http_request() const {
    http::ClientRequest request{.url = peer_.address_.url + "/v1/chat/completions",
                                .headers = own_headers(peer_.address_),
                                .body = body_of(peer_.name(), task_, wants_stream_),
                                .limits = {.connect = std::min(kConnect, task_.time),
                                           .first_byte = task_.time,
                                           .idle = task_.time,
                                           .total = task_.time,
                                           .answer_bytes = wants_stream_ ? kMostStreamBytes : kMostAnswerBytes}};
    const auto add = [&](const char* name, const std::string& value) {
      if (!value.empty()) request.headers.emplace_back(name, value);
    };
    add("traceparent", task_.trace.traceparent);
    add("tracestate", task_.trace.tracestate);
    add("baggage", task_.trace.baggage);
    add("X-Session-ID", task_.session_id);
    if (wants_stream_) add("X-PAIS-Progress", "event");
    for (auto& header : to_headers(task_.handover)) request.headers.push_back(std::move(header));
    return request;
  }

  // An agent may stream though nobody asked it to.
  Result<http::ClientResponse> send(const http::ClientRequest& request) {
    const http::Receiver receiver{.on_head =
                                      [this](const http::ClientResponse& head) {
                                        comes_as_stream_ = is_success(head.status) &&
                                                           head.header("Content-Type").starts_with("text/event-stream");
                                        return comes_as_stream_;
                                      },
                                  .on_bytes = [this](std::string_view bytes) { return stream_.feed(bytes); }};
    return peer_.client_->send(request, receiver, stop_);
  }

  bool may_repeat(const Result<http::ClientResponse>& answer) const {
    const auto took = steady_clock::now() - started_;
    return !answer && answer.error().code == Code::unreachable && !stop_.stop_requested() &&
           took + kBeforeRepeating < std::min(milliseconds(1000), task_.time);
  }

  Outcome read(const Result<http::ClientResponse>& answer) {
    Outcome outcome = judge(answer);
    if (outcome.failure) outcome.usage = comes_as_stream_ || !answer ? stream_.usage() : read_usage(answer->body);
    return outcome;
  }

  Outcome judge(const Result<http::ClientResponse>& answer) {
    if (!answer) return read_failure(answer.error());
    if (!is_success(answer->status)) return answered(answer->status);
    auto reply = comes_as_stream_ ? stream_.finish() : read_reply(answer->body);
    if (comes_as_stream_ && stream_.failed_status()) return answered(*stream_.failed_status());
    if (!reply) return failed(Circuit::Verdict::failed, "sent no usable answer", reply.error().describe());
    verdict_ = Circuit::Verdict::answered;
    return {.text = std::move(reply->text), .usage = reply->usage};
  }

  Outcome read_failure(const Error& error) {
    const std::string why = error.describe();
    switch (error.code) {
      case Code::cancelled:
        return failed(Circuit::Verdict::unknown, "was called off", why);
      case Code::unreachable:
        found_nobody_ = true;
        return failed(Circuit::Verdict::failed, "unavailable", why);
      case Code::timed_out:
        return failed(task_.time_is_the_agents ? Circuit::Verdict::failed : Circuit::Verdict::unknown, "timed out",
                      why);
      default:
        return failed(Circuit::Verdict::failed, "sent no usable answer", why);
    }
  }

  Outcome answered(int status) {
    const auto verdict = status >= 500 ? Circuit::Verdict::failed : Circuit::Verdict::answered;
    return failed(verdict, "answered " + std::to_string(status), "see its own log");
  }

  Outcome failed(Circuit::Verdict verdict, const std::string& how, const std::string& why) {
    verdict_ = verdict;
    const std::string failure = "Agent " + peer_.name() + " " + how;
    log::write(verdict == Circuit::Verdict::unknown ? log::Level::info : log::Level::warning, kLogger,
               "Delegation failed: " + failure + ": " + why);
    return {.failure = failure};
  }

  const Peer& peer_;
  const Task& task_;
  const std::stop_token& stop_;
  const steady_clock::time_point started_ = steady_clock::now();
  ReplyStream stream_;
  const bool wants_stream_;
  bool comes_as_stream_ = false;
  bool found_nobody_ = false;
  Circuit::Verdict verdict_ = Circuit::Verdict::unknown;
};

Peer::Peer(PeerAddress address, std::shared_ptr<const http::Client> client, const AddressRule& rule,
           milliseconds refresh, OnCard on_card)
    : address_(std::move(address)), client_(std::move(client)), on_card_(std::move(on_card)) {
  const auto url = http::parse_url(address_.url);
  auto may_be_called = url ? rule.check(*url) : Result<void>(url.error());
  if (!may_be_called) {
    forbidden_ = may_be_called.error();
    log::warning(kLogger, "Agent " + address_.name + " is never called: " + forbidden_->describe());
    state_ = State::unavailable;
    return;
  }
  keeper_ = std::make_unique<CardKeeper>(
      CardKeeper::Options{
          .name = address_.name, .url = address_.url, .headers = own_headers(address_), .refresh = refresh},
      client_, [this](const CardKeeper::News& news) { hear(news); });
}

std::shared_ptr<const a2a::Card> Peer::card() const {
  const std::scoped_lock lock(mutex_);
  return card_;
}

Peer::State Peer::state() const {
  if (circuit_.is_open()) return State::unavailable;
  const std::scoped_lock lock(mutex_);
  return state_;
}

void Peer::hear(const CardKeeper::News& news) {
  {
    const std::scoped_lock lock(mutex_);
    card_ = news.card;
    state_ = news.reachable ? State::ready : State::unavailable;
    tells_progress_ = news.tells_progress;
  }
  on_card_();
}

Outcome Peer::ask(const Task& task, const ReplyStream::OnProgress& on_progress, const std::stop_token& stop) {
  auto pass = forbidden_ ? Result<Circuit::Pass>(*forbidden_) : circuit_.enter();
  if (!pass) return {.failure = "Agent " + name() + " unavailable"};
  bool stream = task.stream;
  {
    const std::scoped_lock lock(mutex_);
    stream = stream && tells_progress_;
  }
  Asking asking(*this, task, stream, on_progress, stop);
  Outcome outcome = asking.run();
  if (pass->give_back(asking.verdict())) {
    const bool opened = asking.verdict() == Circuit::Verdict::failed;
    log::write(opened ? log::Level::warning : log::Level::info, kLogger,
               "Agent " + name() + (opened ? " keeps failing and is not asked for a while." : " answers again."));
  }
  note(asking);
  return outcome;
}

// A call is a look at the agent, too. One that failed otherwise than for want of it tells nothing of whether it is
// there, so that is looked for.
void Peer::note(const Asking& asking) {
  const bool answered = asking.verdict() == Circuit::Verdict::answered;
  if (answered || asking.found_nobody()) {
    const std::scoped_lock lock(mutex_);
    state_ = answered ? State::ready : State::unavailable;
  }
  if (asking.verdict() == Circuit::Verdict::failed) keeper_->look_again();
}

void Peer::call_off() {
  if (keeper_) keeper_->call_off();
}

void Peer::close() {
  if (keeper_) keeper_->close();
}

}  // namespace pais::tools::delegation
