#include "tools/mcp/line.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "nlohmann/json.hpp"

#include "base/mentions.h"
#include "base/pause.h"
#include "http/url.h"

namespace pais::tools::mcp {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr int kMaxHops = 2;
constexpr int kMaxSilentTries = 2;
constexpr milliseconds kLeastRetry{100};
constexpr std::size_t kMaxSessionIdBytes = 4096;
// A stream spends bytes on more than its answer.
constexpr std::size_t kStreamOverhead = 4;

bool is_redirection(int status) {
  return status == 307 || status == 308;
}

bool is_usable_session_id(std::string_view id) {
  const bool visible = std::all_of(id.begin(), id.end(), [](char c) { return c > ' ' && c <= '~'; });
  return visible && id.size() <= kMaxSessionIdBytes;
}

void mask(std::string& text, std::string_view secret) {
  constexpr std::string_view kMask = "***";
  constexpr std::size_t kTooShortToBeOne = 4;
  if (secret.size() < kTooShortToBeOne) return;
  for (auto at = text.find(secret); at != std::string::npos; at = text.find(secret, at + kMask.size())) {
    text.replace(at, secret.size(), kMask);
  }
}

bool was_over_early(const Result<http::ClientResponse>& response) {
  return response || response.error().code == Code::malformed || response.error().code == Code::unreachable;
}

}  // namespace

bool Reply::has_lost_session(const Session& session) const {
  if (refusal && refusal->code == Refusal::kUnsupportedVersion) return true;
  if (session.id.empty()) return false;
  return status == 404 || (status == 400 && refusal && mentions(refusal->message, "session"));
}

Line::Line(ServerAddress address, std::size_t answer_bytes, milliseconds connect,
           std::shared_ptr<const http::Client> client)
    : address_(std::move(address)),
      answer_bytes_(answer_bytes),
      connect_(connect),
      client_(std::move(client)),
      url_(address_.url) {}

Reply Line::ask(const Session& session, Question question, const Hear& hear, const Patience& patience) {
  http::Headers headers = headers_of(session, question.method, question.name);
  std::ranges::move(question.headers, std::back_inserter(headers));
  auto request = this->request("POST", std::move(headers), patience);
  introduce(session, question.params);
  request.body = write_request(question.id, question.method, question.params);

  Reception reception(question.id, hear, answer_bytes_);
  auto response = send(std::move(request), &reception, patience.stop);
  Reply reply{.status = reception.status()};
  if (response) reply.session_id = response->header("Mcp-Session-Id");
  if (response) reception.read_body();
  const bool may_go_on = session.era != Session::Era::stateless && reception.is_stream() && was_over_early(response);
  if (may_go_on && !reception.last_event_id().empty()) resume(session, reception, patience);

  if (!is_usable_session_id(reply.session_id)) {
    reply.problem = told({.code = Code::malformed, .cause = "the name of the session is no header's value"});
  } else if (const auto& answer = reception.answer()) {
    if (answer->kind == Message::Kind::refusal) reply.refusal = told(answer->refused);
    if (answer->kind == Message::Kind::result) reply.result = answer->content;
  } else if (reception.problem()) {
    reply.problem = told(*reception.problem());
  } else if (!response) {
    reply.problem = told(response.error());
  } else {
    reply.problem = told({.code = Code::malformed, .cause = "the stream ended without an answer"});
  }
  return reply;
}

// The stream broke off, but the server has numbered its events: it can be asked for those that follow.
void Line::resume(const Session& session, Reception& reception, const Patience& patience) {
  for (int silent = 0; silent < kMaxSilentTries && !reception.answer() && !reception.problem();) {
    const Moment again = steady_clock::now() + std::max(reception.retry(), kLeastRetry);
    if (again >= patience.end || !pause_until(again, patience.stop)) return;
    http::Headers headers = headers_of(session, "");
    headers.emplace_back("Last-Event-ID", reception.last_event_id());
    const std::size_t before = reception.events();
    const auto response = send(request("GET", std::move(headers), patience), &reception, patience.stop);
    if (!was_over_early(response) || (response && !reception.is_stream())) return;
    silent = reception.events() > before ? 0 : silent + 1;
  }
}

Result<int> Line::tell(const Session& session, std::string_view method, std::string message, const Patience& patience) {
  auto request = this->request("POST", headers_of(session, method), patience);
  request.body = std::move(message);
  auto response = send(std::move(request), nullptr, patience.stop);
  if (!response) return told(response.error());
  return response->status;
}

Result<int> Line::listen(const Session& session, const Hear& hear, const Patience& patience) {
  auto request = this->request("GET", headers_of(session, ""), patience);
  request.limits.answer_bytes = 0;  // it may go on for days; each event has its limit
  Reception reception("", hear, answer_bytes_);
  const auto response = send(std::move(request), &reception, patience.stop);
  if (reception.problem()) return told(*reception.problem());
  if (!response && reception.status() == 0) return told(response.error());
  if (patience.stop.stop_requested()) return Error{.code = Code::cancelled, .cause = "stopped"};
  return reception.status();
}

void Line::hang_up(const Session& session, milliseconds within) {
  if (session.id.empty()) return;
  const Patience patience{.end = steady_clock::now() + within};
  (void)send(request("DELETE", headers_of(session, ""), patience), nullptr, {});
}

Result<http::ClientResponse> Line::send(http::ClientRequest request, Reception* reception,
                                        const std::stop_token& stop) {
  for (int hops = 0;; ++hops) {
    request.url = url();
    if (reception != nullptr) reception->begin();
    auto response =
        reception == nullptr ? client_->send(request, stop) : client_->send(request, reception->receiver(), stop);
    const bool leads_on = response && is_redirection(response->status) && hops < kMaxHops && follow(*response);
    if (!leads_on) return response;
  }
}

// Only to another path of the same server: the token and the headers are meant for nobody else.
bool Line::follow(const http::ClientResponse& response) {
  const std::string_view location = response.header("Location");
  const auto here = http::parse_url(url());
  if (!here || location.empty() || location.starts_with("//")) return false;
  const bool is_path = location.front() == '/';
  const std::string there = is_path ? here->origin() + std::string(location) : std::string(location);
  const auto target = http::parse_url(there);
  if (!target || target->scheme != here->scheme || target->origin() != here->origin()) return false;
  const std::scoped_lock lock(mutex_);
  // What signs us in stands in the address, and a redirection does not repeat it.
  const auto authority = url_.find("://") + 3;
  url_ = url_.substr(0, url_.find_first_of("/?", authority)) + target->target;
  return true;
}

http::ClientRequest Line::request(std::string_view method, http::Headers headers, const Patience& patience) const {
  http::ClientRequest request;
  request.method = method;
  request.headers = std::move(headers);
  request.headers.emplace_back("Accept", method == "GET" ? "text/event-stream" : "application/json, text/event-stream");
  if (!address_.token.empty()) request.headers.emplace_back("Authorization", "Bearer " + address_.token);
  for (const auto& header : address_.headers) {
    if (http::find_header(request.headers, header.first).empty()) request.headers.push_back(header);
  }
  request.limits = {.connect = connect_,
                    .first_byte = milliseconds(0),
                    .idle = milliseconds(0),
                    .total = milliseconds(0),
                    .answer_bytes = answer_bytes_ * kStreamOverhead};
  if (patience.end != Moment::max()) {
    const auto left = std::chrono::ceil<milliseconds>(patience.end - steady_clock::now());
    request.limits.total = std::max(left, milliseconds(1));
  }
  return request;
}

Error Line::told(Error problem) const {
  mask_secrets(problem.cause);
  return problem;
}

Refusal Line::told(Refusal refusal) const {
  mask_secrets(refusal.message);
  return refusal;
}

// Those who refuse a request often quote it.
void Line::mask_secrets(std::string& text) const {
  mask(text, address_.token);
  for (const auto& [name, value] : address_.headers) mask(text, value);
}

std::string Line::url() const {
  const std::scoped_lock lock(mutex_);
  return url_;
}

}  // namespace pais::tools::mcp
