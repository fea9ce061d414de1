#include "http/live_exchange.h"

#include <exception>
#include <utility>

#include "http/front.h"

namespace pais::http {
namespace {

constexpr std::string_view kLogger = "pais.server";

// The trace that a caller is in, by its `traceparent`: "00-<32 hex>-<16 hex>-<flags>". Anything else names none.
log::About about_request(const Request& request) {
  log::About about{.request_id = request.id};
  const std::string_view parent = request.header("traceparent");
  const bool decent = parent.size() >= 55 && parent[2] == '-' && parent[35] == '-' && parent[52] == '-' &&
                      parent.substr(3, 49).find_first_not_of("0123456789abcdef-") == std::string_view::npos;
  if (decent) about.trace_id = parent.substr(3, 32);
  return about;
}

}  // namespace

LiveExchange::LiveExchange(std::shared_ptr<Front> front, std::shared_ptr<Inbound> inbound, Arrival arrival)
    : front_(std::move(front)),
      inbound_(std::move(inbound)),
      turn_(inbound_->turn()),
      arrival_(std::move(arrival)),
      stop_(inbound_->exchange()),
      started_(std::chrono::steady_clock::now()),
      follower_end_(front_->follow(arrival_)),
      about_(about_request(arrival_.request)) {}

LiveExchange::~LiveExchange() {
  if (!home_.is_here()) return;
  if (!answered_) {
    log::error(kLogger, "a handler gave no answer: " + path());
    // In this order: once the answer has begun, no promise can open a stream that nobody would end.
    if (!reply(Error{.code = Code::internal, .cause = "no answer"})) finish();
  }
  front_->over(*this);
}

void LiveExchange::handle(const std::shared_ptr<LiveExchange>& exchange) {
  exchange->guard([&] { exchange->route()->handler(exchange); });
}

void LiveExchange::work_on(std::function<void()> task) {
  front_->work_on([self = shared_from_this(), task = std::move(task)] { self->guard(task); });
}

// The edge of a route: nothing a handler throws goes further.
void LiveExchange::guard(const std::function<void()>& work) {
  const log::Scope scope(about());
  try {
    work();
  } catch (const std::exception& failure) {
    log::error(kLogger, "the handler of " + route()->pattern + " threw: " + failure.what());
    reply(Error{.code = Code::internal, .cause = failure.what()});
  } catch (...) {
    log::error(kLogger, "the handler of " + route()->pattern + " threw something that is no exception");
    reply(Error{.code = Code::internal, .cause = "unknown"});
  }
}

bool LiveExchange::send(const Response& response) {
  if (settled() || !inbound_->begin_answer(turn_)) return false;
  answered_ = true;
  // Counted before it is sent: who has read an answer finds it in the log and in the metrics.
  front_->answered(*this, response.status, response.code);
  const Headers cors = front_->cors_headers(request());
  const std::string head =
      response_head(response, {.request_id = request().id, .cors = cors, .close = inbound_->closing()});
  const std::string_view body = request().method == "HEAD" ? std::string_view() : std::string_view(response.body);
  inbound_->send(head, body);
  return true;
}

std::string LiveExchange::opening_head(const Headers& headers) const {
  const Headers cors = front_->cors_headers(request());
  const bool close = inbound_->closing() || !chunked();
  return stream_head(headers, {.request_id = request().id, .cors = cors, .close = close}, chunked());
}

EventStream* LiveExchange::stream(StreamOpening opening) {
  if (settled()) return nullptr;
  if (request().method == "HEAD") {
    reply(Response{.headers = std::move(opening.headers), .content_type = std::string(kStreamType)});
    return nullptr;
  }
  return inbound_->open_stream(turn_, opening_head(opening.headers), opening.first, chunked()) ? this : nullptr;
}

void LiveExchange::promise_stream(StreamOpening opening, std::chrono::milliseconds after) {
  if (settled() || request().method == "HEAD") return;
  inbound_->promise_stream(turn_, opening_head(opening.headers), std::move(opening.first), chunked(),
                           std::chrono::steady_clock::now() + after);
}

void LiveExchange::finish() {
  if (settled() || !inbound_->is_streaming(turn_) || answered_.exchange(true)) return;
  front_->answered(*this, 200, std::nullopt);  // before its end is sent, as with a whole answer
  inbound_->end_stream(turn_);
}

void LiveExchange::note(const log::About& about) {
  const std::scoped_lock lock(about_mutex_);
  if (!about.session_id.empty()) about_.session_id = about.session_id;
  if (!about.run_id.empty()) about_.run_id = about.run_id;
  if (!about.trace_id.empty()) about_.trace_id = about.trace_id;
  if (!about.span_id.empty()) about_.span_id = about.span_id;
}

log::About LiveExchange::about() const {
  const std::scoped_lock lock(about_mutex_);
  return about_;
}

void LiveExchange::cut() {
  given_up_.request_stop();
  stop_.request_stop();
}

}  // namespace pais::http
