#include "server/chat_turn.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <type_traits>
#include <utility>

#include "base/ids.h"
#include "base/joined.h"
#include "base/log.h"
#include "events/run.h"
#include "memory/recorder.h"
#include "server/run_log.h"
#include "telemetry/baggage.h"
#include "telemetry/handed_on.h"

namespace pais::server {

ChatTurn::ChatTurn(std::shared_ptr<ChatService> service, std::shared_ptr<http::Exchange> exchange, ChatRequest request,
                   std::string session_id, bool session_named)
    : service_(std::move(service)),
      exchange_(std::move(exchange)),
      request_(std::move(request)),
      session_id_(std::move(session_id)),
      session_named_(session_named),
      run_id_(new_run_id()),
      about_{.session_id = session_id_, .run_id = run_id_} {}

void ChatTurn::begin() {
  follow();
  on_gone_.emplace(exchange_->gone(), [weak = weak_from_this()] {
    if (const auto self = weak.lock(); self && !self->outlives_its_client()) self->give_up();
  });
  on_given_up_.emplace(exchange_->given_up(), [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->give_up();
  });
  if (!waits_for_its_turn()) return open();
  line_up([this](memory::TurnQueue::Start start) { return service_->queue_.acquire(session_id_, std::move(start)); });
}

// From here on the request has a run, which whoever traces it can follow.
void ChatTurn::follow() {
  if (const auto& telemetry = service_->options_.telemetry) {
    const http::Headers& headers = exchange_->request().headers;
    tracer_ = telemetry->trace({.parent = telemetry::read_trace_context(headers),
                                .baggage = telemetry::read_baggage(headers),
                                .session_id = session_id_,
                                .run_id = run_id_,
                                .started = std::chrono::system_clock::now()});
    about_.trace_id = telemetry::hex(tracer_->context().trace_id);
    about_.span_id = telemetry::hex(tracer_->context().span_id);
  }
  exchange_->note(about_);
  if (request_.ignored.empty()) return;
  const log::Scope scope(about_);
  log::debug("pais.server",
             "options of the request that an agent decides for itself: " + joined(request_.ignored, ", "));
}

// A session made for this request has no other turn; and an agent that was asked by an agent never waits, so that two
// of them cannot wait for each other.
bool ChatTurn::waits_for_its_turn() const {
  return service_->options_.serial && session_named_ &&
         exchange_->request().header(tools::delegation::kDepthHeader).empty();
}

bool ChatTurn::outlives_its_client() const {
  const std::string_view asked = exchange_->request().header("X-PAIS-On-Disconnect");
  if (http::equal_ignoring_case(asked, "finish")) return true;
  if (http::equal_ignoring_case(asked, "cancel")) return false;
  return service_->options_.on_disconnect == OnDisconnect::finish;
}

// Joins a line; goes on here when the session is free, and on another worker when it becomes so later.
void ChatTurn::line_up(const std::function<memory::TurnQueue::Ticket(memory::TurnQueue::Start)>& join) {
  {
    const std::scoped_lock lock(mutex_);
    joining_ = true;
  }
  bool at_once = false;
  auto ticket = join([self = shared_from_this()](Lease lease) { self->granted(std::move(lease)); });
  {
    const std::scoped_lock lock(mutex_);
    joining_ = false;
    at_once = static_cast<bool>(lease_);
    if (!at_once) ticket_ = std::move(ticket);
  }
  if (at_once) return open();
  if (run_.stop_requested()) give_up();  // came while we were joining
}

void ChatTurn::granted(Lease lease) {
  {
    const std::scoped_lock lock(mutex_);
    lease_ = std::move(lease);
    ticket_.reset();
    if (joining_) return;
  }
  exchange_->work_on([self = shared_from_this()] { self->open(); });
}

// On the thread that saw the client go, which must not be held up.
void ChatTurn::give_up() {
  run_.request_stop();
  std::optional<memory::TurnQueue::Ticket> ticket;
  {
    const std::scoped_lock lock(mutex_);
    ticket = ticket_;
  }
  if (ticket && service_->queue_.withdraw(*ticket)) refuse(Error{.code = Code::cancelled, .cause = "left"});
}

// The run's span is over before that of its request is.
void ChatTurn::refuse(const Error& error) {
  if (tracer_) tracer_->refuse(error, std::chrono::system_clock::now());
  exchange_->reply(error);
}

memory::TurnMark ChatTurn::mark() const {
  return {.run_id = run_id_, .trace_id = about_.trace_id, .span_id = about_.span_id};
}

void ChatTurn::open() {
  const ChatOptions& options = service_->options_;
  auto turn = service_->memory_->open_turn({.session_id = session_id_,
                                            .mark = mark(),
                                            .prompt = request_.remembered_prompt,
                                            .delegated = request_.delegated,
                                            .wants_history = session_named_,
                                            .context_limit = options.context_limit,
                                            .serial = waits_for_its_turn(),
                                            .fresh = !session_named_});
  if (!turn) {
    refuse(turn.error());
    return;
  }
  if (!turn->remembered && options.strict_memory) {
    refuse(Error{.code = Code::memory_unavailable, .cause = "the store is away"});
    return;
  }
  if (!turn->busy_for) return run(*std::move(turn));
  line_up([this, delay = *turn->busy_for](memory::TurnQueue::Start start) {
    return service_->queue_.later(std::move(lease_), delay, std::move(start));
  });
}

void ChatTurn::run(memory::Turn turn) {
  const bool remembered = turn.remembered;
  const events::RunIdentity identity{.run_id = run_id_,
                                     .session_id = session_id_,
                                     .agent = service_->options_.agent_name,
                                     .request_id = exchange_->request().id,
                                     .trace_id = about_.trace_id};
  const agent::RunRequest request = run_request(session_named_ ? std::move(turn.history) : std::move(request_.history));

  // Recorded before it is answered: who has read an answer finds it in the memory.
  memory::Recorder recorder(*service_->memory_, std::move(turn));
  RunLog run_log(identity);
  const ChatOptions& options = service_->options_;
  const bool chatcmpl = options.response_id == ResponseId::chatcmpl;
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  WriterOptions writing = writer_options();
  writing.is_remembered = [&recorder, remembered, &memory = *service_->memory_] {
    return remembered && (!recorder.outcome() || (*recorder.outcome() && memory.reachable()));
  };
  ChatWriter writer(exchange_,
                    AnswerFrame{.id = chatcmpl ? "chatcmpl-" + run_id_ : session_id_,
                                .session_id = session_id_,
                                .model = request_.model,
                                .created = std::chrono::duration_cast<std::chrono::seconds>(now).count()},
                    std::move(writing));
  std::optional<telemetry::RunMetrics::Listener> metrics;
  const bool is_kept = tracer_ && tracer_->context().sampled();
  if (options.metrics) metrics.emplace(*options.metrics, is_kept ? &tracer_->context() : nullptr);
  // A run's span is over when the last of its answer goes out: who has read an answer and ends a span of his own then
  // ends it after ours.
  std::vector<events::RunListener*> listeners = {&recorder, &run_log};
  if (metrics) listeners.push_back(&*metrics);
  if (tracer_) listeners.push_back(tracer_.get());
  listeners.push_back(&writer);
  events::RunSink sink(identity, std::move(listeners));
  const log::Scope scope(about_);
  service_->agent_->run(request, sink, run_.get_token());
}

// What another agent lets us spend on its task, where that is less than our own limit. It cannot raise one, and the
// last of a budget is never nothing, which would mean none.
agent::Budget ChatTurn::budget(const tools::delegation::Handover& handover) const {
  agent::Budget budget = service_->options_.budget;
  const auto lower = [](auto& own, const auto& given, auto least) {
    if (!given) return;
    const auto most = std::max(*given, least);
    if (own == std::decay_t<decltype(own)>{} || most < own) own = most;
  };
  lower(budget.wall_clock, handover.time, std::chrono::milliseconds(1));
  lower(budget.tokens, handover.allowance.tokens, std::int64_t{1});
  lower(budget.steps, handover.allowance.steps, std::int64_t{1});
  return budget;
}

std::shared_ptr<const telemetry::Propagation> ChatTurn::propagation() const {
  if (tracer_) return tracer_;
  return telemetry::handed_on(exchange_->request().headers, session_id_);
}

agent::RunRequest ChatTurn::run_request(std::vector<events::Utterance> history) {
  const bool append = service_->options_.client_system == ClientSystem::append;
  tools::delegation::Handover handover = tools::delegation::read_handover(exchange_->request().headers);
  return {.prompt = std::move(request_.prompt),
          .images = std::move(request_.images),
          .delegated = request_.delegated,
          .history = std::move(history),
          .extra_instructions = append ? std::move(request_.system_texts) : std::string(),
          .sampling = std::move(request_.sampling),
          .stream = request_.stream,
          .budget = budget(handover),
          .propagation = propagation(),
          .lineage = std::move(handover.lineage)};
}

WriterOptions ChatTurn::writer_options() const {
  const ChatOptions& options = service_->options_;
  return {.stream = request_.stream,
          .include_usage = request_.include_usage,
          .reasoning = options.reasoning,
          .errors_as_text = options.errors == ErrorStyle::text,
          .progress = progress_asked_for(exchange_->request().header("X-PAIS-Progress"), options.progress),
          .max_steps = options.max_steps,
          .commit = options.commit,
          .headers = {{"X-Session-ID", session_id_}, {"X-Run-ID", run_id_}}};
}

}  // namespace pais::server
