#include "tools/mcp/remote_server.h"

#include <algorithm>
#include <random>
#include <utility>

#include "nlohmann/json.hpp"

#include "base/log.h"
#include "base/pause.h"
#include "tools/mcp/opening.h"

namespace pais::tools::mcp {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::string_view kLogger = "pais.mcp";
constexpr int kListPatience = 4;  // handshakes that a page of a list may take
constexpr milliseconds kLeastKept{1'000};
constexpr milliseconds kNeverRefreshed = std::chrono::hours(24);
constexpr std::chrono::seconds kSteady{10};
constexpr int kMaxAnswersOfOurs = 100;  // to questions of the server's, in one of its answers
constexpr milliseconds kLetterLives{2'000};

// Lest all that lost the same server should come back in step.
milliseconds varied(milliseconds pause) {
  thread_local std::minstd_rand chance(std::random_device{}());
  std::uniform_real_distribution<double> share(0.75, 1.0);
  return std::chrono::duration_cast<milliseconds>(pause * share(chance));
}

bool same(const RemoteTools& a, const RemoteTools& b) {
  return a == b || (a != nullptr && b != nullptr && *a == *b);
}

Error closed() {
  return {.code = Code::cancelled, .cause = "the host is shutting down"};
}

}  // namespace

RemoteServer::RemoteServer(const ServerAddress& address, const McpOptions& options,
                           std::shared_ptr<const http::Client> client, std::weak_ptr<Caretaker> caretaker)
    : options_(options),
      line_(address, options.answer_bytes, options.handshake, std::move(client)),
      caretaker_(std::move(caretaker)),
      pause_(options.first_pause) {}

ServerStatus RemoteServer::status() const {
  const std::scoped_lock lock(mutex_);
  return {.name = line_.name(),
          .state = state_,
          .tools = tools_ == nullptr ? 0 : tools_->size(),
          .protocol = session_ == nullptr ? "" : session_->version,
          .problem = state_ == ServerStatus::State::unavailable ? problem_ : std::nullopt};
}

RemoteTools RemoteServer::tools() const {
  const std::scoped_lock lock(mutex_);
  return tools_;
}

SessionPtr RemoteServer::session() const {
  const std::scoped_lock lock(mutex_);
  return session_;
}

// ------------------------------------------------------------------------------------------------------ the session

Result<SessionPtr> RemoteServer::renewed(const SessionPtr& lost, const Patience& patience) {
  std::unique_lock lock(mutex_);
  if (session_ && session_ != lost) return session_;
  if (closing_.stop_requested()) return closed();
  const std::uint64_t attempt = attempts_;
  if (!std::exchange(opening_, true)) {
    lock.unlock();
    if (!run_errand([](RemoteServer& self) { self.open(); })) open();
    lock.lock();
  }
  const auto over = [&] { return attempts_ != attempt; };
  if (!opened_.wait_until(lock, patience.stop, patience.end, over)) {
    const bool stopped = patience.stop.stop_requested();
    return Error{.code = stopped ? Code::cancelled : Code::timed_out, .cause = "waiting for a new session"};
  }
  if (session_ && session_ != lost) return session_;
  return problem_ ? *problem_ : closed();
}

void RemoteServer::open() {
  Session::Era known = Session::Era::unknown;
  {
    const std::scoped_lock lock(mutex_);
    known = era_;
  }
  auto opened = open_session(line_, known, options_.handshake, closing_.get_token());
  if (opened) {
    if (ServerCounts* counts = counts_) counts->count_session();
  }
  use(opened ? *opened : nullptr);
  {
    const std::scoped_lock lock(mutex_);
    opening_ = false;
    ++attempts_;
    if (!opened) problem_ = opened.error();
  }
  opened_.notify_all();
}

// Null: there is none any more, and nothing is known of the server.
void RemoteServer::use(const SessionPtr& session) {
  std::stop_source listening{std::nostopstate};
  if (session && session->tells_of_changes) listening = std::stop_source();
  const std::stop_token token = listening.get_token();
  {
    const std::scoped_lock lock(mutex_);
    session_ = session;
    era_ = session ? session->era : Session::Era::unknown;
    if (closing_.stop_requested()) listening.request_stop();
    std::swap(listening_, listening);
  }
  listening.request_stop();
  if (token.stop_possible() && !token.stop_requested()) {
    run_errand([session, token](RemoteServer& self) { self.listen_in(session, token); });
  }
}

void RemoteServer::close() {
  std::stop_source closing = closing_;
  closing.request_stop();
  std::stop_source listening{std::nostopstate};
  {
    const std::scoped_lock lock(mutex_);
    listening = listening_;
    ++attempts_;  // nobody waits for one that will not come
  }
  listening.request_stop();
  opened_.notify_all();
}

void RemoteServer::hang_up(milliseconds within) {
  if (const auto last = session()) line_.hang_up(*last, within);
}

// --------------------------------------------------------------------------------------------------------- the list

RemoteServer::Care RemoteServer::look_after() {
  const Patience patience{.stop = closing_.get_token()};
  auto now = session();
  if (!now) {
    auto opened = renewed(nullptr, patience);
    if (!opened) return {.rest = go_down(opened.error())};
    now = *opened;
  }
  std::optional<milliseconds> keeps;
  auto tools = list(now, keeps);
  if (!tools) return {.rest = go_down(tools.error().during("tools/list"))};
  return come_up(*std::move(tools), keeps);
}

Result<RemoteTools> RemoteServer::list(const SessionPtr& session, std::optional<milliseconds>& keeps) {
  const Patience patience{.stop = closing_.get_token()};
  bool lost = false;
  auto tools = list_once(session, keeps, lost, patience);
  if (tools || !lost) return tools;
  const auto renewed_session = renewed(session, patience);
  if (!renewed_session) return renewed_session.error();
  return list_once(*renewed_session, keeps, lost, patience);
}

Result<RemoteTools> RemoteServer::list_once(const SessionPtr& session, std::optional<milliseconds>& keeps, bool& lost,
                                            const Patience& patience) {
  constexpr std::string_view kMethod = "tools/list";
  ToolPages pages(session->is_stateless());
  const Moment end = std::min(patience.end, steady_clock::now() + 10 * kListPatience * options_.handshake);
  for (std::optional<std::string> cursor = ""; cursor;) {
    nlohmann::json params = nlohmann::json::object();
    if (!cursor->empty()) params["cursor"] = *cursor;
    const Moment page_end = steady_clock::now() + kListPatience * options_.handshake;
    const Reply reply = line_.ask(*session, {.id = new_question_id(), .method = kMethod, .params = params},
                                  hearing(session), {.end = std::min(end, page_end), .stop = patience.stop});
    lost = reply.has_lost_session(*session);
    const bool has_no_tools = reply.refusal && reply.refusal->code == Refusal::kMethodNotFound && !lost;
    if (has_no_tools) break;
    if (!reply.result) return problem_of(reply);
    auto next = pages.add(*reply.result);
    if (!next) return next.error();
    cursor = *std::move(next);
  }
  for (const std::string& each : pages.complaints()) log::warning(kLogger, "MCP server " + name() + ": " + each);
  keeps = pages.keeps();
  return RemoteTools(std::make_shared<const std::vector<RemoteTool>>(pages.take()));
}

RemoteServer::Care RemoteServer::come_up(RemoteTools tools, std::optional<milliseconds> keeps) {
  std::string news;
  {
    const std::scoped_lock lock(mutex_);
    if (!same(tools_, tools)) tools_ = std::move(tools);
    if (std::exchange(state_, ServerStatus::State::ready) != ServerStatus::State::ready && session_) {
      news = "MCP server " + name() + " is ready: " + std::to_string(tools_->size()) + " tools, protocol " +
             session_->version;
    }
  }
  pause_ = options_.first_pause;
  const milliseconds refresh = options_.refresh.count() > 0 ? options_.refresh : kNeverRefreshed;
  return {.rest = keeps ? std::clamp(*keeps, kLeastKept, refresh) : refresh, .news = std::move(news)};
}

milliseconds RemoteServer::go_down(const Error& problem) {
  if (closing_.stop_requested()) return options_.longest_pause;
  use(nullptr);
  bool is_news = false;
  {
    const std::scoped_lock lock(mutex_);
    problem_ = problem;
    is_news = std::exchange(state_, ServerStatus::State::unavailable) != ServerStatus::State::unavailable;
  }
  if (is_news) {
    log::warning(kLogger, "MCP server " + name() +
                              " is unavailable, its tools are not offered; it is tried again: " + problem.describe());
  }
  const milliseconds pause = varied(pause_);
  pause_ = std::min(pause_ * 2, options_.longest_pause);
  return pause;
}

// --------------------------------------------------------------------------------------------------- hearing from it

void RemoteServer::listen_in(const SessionPtr& session, const std::stop_token& stop) {
  milliseconds pause = options_.first_pause;
  while (!stop.stop_requested()) {
    const Moment began = steady_clock::now();
    if (!listen_once(session, stop) || stop.stop_requested()) return;
    if (steady_clock::now() - began > kSteady) pause = options_.first_pause;
    hurry();  // it may be gone, or have changed unheard
    if (!pause_until(steady_clock::now() + varied(pause), stop)) return;
    pause = std::min(pause * 2, options_.longest_pause);
  }
}

// False when the server does not tell after all.
bool RemoteServer::listen_once(const SessionPtr& session, const std::stop_token& stop) {
  if (!session->is_stateless()) {
    const auto status = line_.listen(*session, hearing(session), {.stop = stop});
    return !status || *status < 400 || *status >= 500;
  }
  nlohmann::json params = {{"notifications", {{"toolsListChanged", true}}}};
  const Reply reply = line_.ask(*session, {.id = new_question_id(), .method = "subscriptions/listen", .params = params},
                                hearing(session), {.stop = stop});
  return !reply.refusal;
}

Hear RemoteServer::hearing(const SessionPtr& session) {
  return [this, session, answers = 0](const Message& message) mutable {
    if (message.kind == Message::Kind::notification) {
      if (message.method == "notifications/tools/list_changed") hurry();
      return;
    }
    if (session->is_stateless() || ++answers > kMaxAnswersOfOurs) return;
    write_to(session, "", answer_to(message));
  };
}

void RemoteServer::write_to(const SessionPtr& session, std::string_view method, std::string text) {
  const Moment end = steady_clock::now() + kLetterLives;
  if (!outbox_.put({.session = session, .method = method, .text = std::move(text), .end = end})) return;
  if (!run_errand([](RemoteServer& self) { self.carry_letters(); })) outbox_.give_up();
}

void RemoteServer::carry_letters() {
  while (auto letter = outbox_.next()) {
    const auto told = line_.tell(*letter->session, letter->method, std::move(letter->text), {.end = letter->end});
    if (!told && told.error().code == Code::timed_out) outbox_.drop_all();  // it takes no others, either
  }
}

bool RemoteServer::run_errand(std::function<void(RemoteServer&)> errand) {
  const auto caretaker = caretaker_.lock();
  return caretaker && caretaker->run_errand([self = shared_from_this(), errand = std::move(errand)] { errand(*self); });
}

void RemoteServer::hurry() {
  if (const auto caretaker = caretaker_.lock()) caretaker->hurry(*this);
}

}  // namespace pais::tools::mcp
