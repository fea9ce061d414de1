#include "agent/turn.h"

#include <algorithm>
#include <exception>
#include <string>
#include <utility>

namespace pais::agent {
namespace {

using model::Message;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

// Sockets count in whole milliseconds, so a model that keeps our deadline by itself may give up a little before it.
constexpr milliseconds kEarly{10};

constexpr std::string_view kUsageSource = "model";

Speech::Pace pace(const NativeOptions& options, const RunRequest& request) {
  if (!request.stream) return Speech::Pace::silent;
  return options.stream_intermediate ? Speech::Pace::as_it_comes : Speech::Pace::when_final;
}

Message message(Message::Role role, std::string text) {
  Message message;
  message.role = role;
  message.text = std::move(text);
  return message;
}

std::string instructions(const NativeOptions& options, const RunRequest& request) {
  const bool both = !options.instructions.empty() && !request.extra_instructions.empty();
  return options.instructions + (both ? "\n\n" : "") + request.extra_instructions;
}

std::vector<Message> opening(const NativeOptions& options, const RunRequest& request) {
  std::vector<Message> messages;
  messages.reserve(request.history.size() + 2);
  if (std::string text = instructions(options, request); !text.empty()) {
    messages.push_back(message(Message::Role::system, std::move(text)));
  }
  for (const events::Utterance& said : request.history) {
    const bool by_user = said.speaker == events::Speaker::user;
    messages.push_back(message(by_user ? Message::Role::user : Message::Role::assistant, said.text));
  }
  messages.push_back(message(Message::Role::user, request.prompt));
  messages.back().images = request.images;
  return messages;
}

std::optional<steady_clock::time_point> deadline_of(const Budget& budget, steady_clock::time_point started) {
  if (budget.wall_clock == budget.wall_clock.zero()) return std::nullopt;
  return started + budget.wall_clock;
}

Alarms::Alarm alarm_at(Alarms& alarms, std::optional<steady_clock::time_point> deadline, const LinkedStop& stop) {
  return deadline ? alarms.at(*deadline, stop.source()) : Alarms::Alarm();
}

// Some models write nothing where they mean no arguments; everybody behind us may count on JSON.
void spell_out_empty_arguments(std::vector<events::ToolCall>& calls) {
  for (events::ToolCall& call : calls) {
    if (call.arguments.find_first_not_of(" \t\r\n") == std::string::npos) call.arguments = "{}";
  }
}

bool is_delegation(const events::ToolCall& call) {
  return call.tool.starts_with(tools::kDelegationPrefix);
}

double seconds(steady_clock::duration time) {
  return std::chrono::duration<double>(time).count();
}

}  // namespace

Turn::Turn(const Means& means, const RunRequest& request, events::RunSink& sink, std::stop_token stop)
    : means_(means),
      request_(request),
      sink_(sink),
      client_(stop),
      deadline_(deadline_of(request.budget, started_)),
      stop_(std::move(stop)),
      at_deadline_(alarm_at(means.alarms, deadline_, stop_)),
      speech_(sink, pace(means.options, request)),
      retries_(means.options.tools.retries),
      rounds_{.limits = means_.options.tools,
              .catalog = means_.catalog,
              .request = request_,
              .deadline = deadline_,
              .sink = sink_,
              .threads = means_.threads,
              .alarms = means_.alarms,
              .retries = retries_,
              .left = left_} {
  to_model_.messages = opening(means.options, request);
  to_model_.tools = means.catalog.offers();
  to_model_.sampling = request.sampling;
  to_model_.stream = request.stream;
  to_model_.deadline = deadline_;
}

void Turn::run() {
  sink_.emit(events::TurnStarted{.prompt = request_.prompt, .delegated = request_.delegated});
  end(ask_until_answered());
}

Result<model::Answer> Turn::ask_until_answered() {
  const auto given = static_cast<int>(std::min<std::int64_t>(request_.budget.steps, means_.options.max_steps));
  const int limit = given == 0 ? means_.options.max_steps : given;
  for (int step = 1; step <= limit; ++step) {
    auto answer = ask(step);
    if (!answer || answer->calls.empty()) return answer;
    count_what_is_left(step, answer->calls);
    if (auto called = call_tools(*answer); !called) return called.error();
  }
  return give_up(Code::step_limit_exceeded, events::BudgetExceeded::Kind::steps, limit, limit + 1);
}

Result<model::Answer> Turn::ask(int step) {
  if (auto free = go_on(); !free) return free.error();
  sink_.emit(events::ModelCallStarted{.step = step,
                                      .model = means_.model.name(),
                                      .provider = means_.model.provider(),
                                      .streaming = request_.stream,
                                      .server = means_.model.server(),
                                      .messages = to_model_.messages,
                                      .tools = to_model_.tools.all()});
  if (request_.propagation) to_model_.trace = request_.propagation->model_headers(step);
  auto answer = respond();
  const auto free = go_on(answer ? milliseconds(0) : kEarly);
  if (!answer && !free) answer = free.error();
  if (answer && free) speech_.finish(*answer);
  report(step, answer);
  if (!free) return free.error();
  if (!answer) return answer;
  if (auto within = count_tokens(); !within) return within.error();
  spell_out_empty_arguments(answer->calls);
  return answer;
}

Result<model::Answer> Turn::respond() {
  try {
    return means_.model.respond(to_model_, speech_, stop_.token());
  } catch (const std::exception& trouble) {
    return Error{.code = Code::internal, .cause = trouble.what(), .doing = "asking the model"};
  }
}

Result<void> Turn::call_tools(const model::Answer& answer) {
  announce(answer.calls);
  if (auto within = count_tool_calls(answer.calls.size()); !within) return within.error();
  ToolRound round(rounds_, answer.calls, stop_.token());
  auto told = round.run();
  delegated_ += round.spent();
  if (auto free = go_on(); !free) return free.error();
  if (!told) return told.error();
  if (auto within = count_tokens(); !within) return within.error();

  to_model_.messages.push_back(message(Message::Role::assistant, answer.text));
  to_model_.messages.back().calls = answer.calls;
  for (Message& result : *told) to_model_.messages.push_back(std::move(result));
  return {};
}

Result<void> Turn::go_on(milliseconds early) {
  if (client_.stop_requested()) return Error{.code = Code::cancelled, .cause = "the run was stopped"};
  const auto now = steady_clock::now();
  if (!deadline_ || now + early < *deadline_) return {};
  return give_up(Code::run_timeout, events::BudgetExceeded::Kind::wall_clock, seconds(request_.budget.wall_clock),
                 seconds(now - started_));
}

// Those we delegate to share the tokens, since they work at the same time. They can do nothing with none at all, so the
// last of it is never nothing.
void Turn::count_what_is_left(int step, const std::vector<events::ToolCall>& calls) {
  const Budget& budget = request_.budget;
  if (budget.steps > 0) left_.steps = std::max<std::int64_t>(budget.steps - step, 1);
  const auto sharers = std::max<std::int64_t>(std::ranges::count_if(calls, is_delegation), 1);
  if (budget.tokens > 0) left_.tokens = std::max<std::int64_t>((budget.tokens - tokens_spent()) / sharers, 1);
}

Result<void> Turn::count_tokens() {
  const std::int64_t limit = request_.budget.tokens;
  if (limit == 0 || tokens_spent() <= limit) return {};
  return give_up(Code::budget_exceeded, events::BudgetExceeded::Kind::tokens, static_cast<double>(limit),
                 static_cast<double>(tokens_spent()));
}

std::int64_t Turn::tokens_spent() const {
  return events::Usage::sum(usage_.total(), delegated_.total());
}

Result<void> Turn::count_tool_calls(std::size_t more) {
  const std::int64_t limit = request_.budget.tool_calls;
  tool_calls_ += static_cast<std::int64_t>(more);
  if (limit == 0 || tool_calls_ <= limit) return {};
  return give_up(Code::budget_exceeded, events::BudgetExceeded::Kind::tool_calls, static_cast<double>(limit),
                 static_cast<double>(tool_calls_));
}

Error Turn::give_up(Code code, events::BudgetExceeded::Kind kind, double limit, double actual) {
  exceeded_ = events::BudgetExceeded{.kind = kind, .limit = limit, .actual = actual};
  return {.code = code, .cause = "the turn is over its limit"};
}

void Turn::announce(const std::vector<events::ToolCall>& calls) {
  ++tool_steps_;
  for (const events::ToolCall& call : calls) {
    sink_.emit(events::ToolCallRequested{.call = call, .step = tool_steps_, .delegation = is_delegation(call)});
  }
}

void Turn::report(int step, const Result<model::Answer>& answer) {
  events::ModelCallEnded ended;
  ended.step = step;
  if (!answer) {
    ended.model = means_.model.name();
    ended.error = answer.error();
    sink_.emit(std::move(ended));
    return;
  }
  ended.model = answer->model;
  ended.usage = answer->usage;
  ended.finish = answer->finish;
  ended.first_token = answer->first_token;
  ended.id = answer->id;
  ended.text = answer->text;
  ended.calls = answer->calls;
  sink_.emit(std::move(ended));
  sink_.emit(events::UsageObserved{.usage = answer->usage, .source = std::string(kUsageSource)});
  usage_ += answer->usage;
}

void Turn::end(const Result<model::Answer>& answer) {
  if (answer) {
    sink_.emit(
        events::TurnEnded{.text = answer->text, .finish = answer->finish, .usage = usage_, .error = std::nullopt});
    return;
  }
  if (exceeded_) sink_.emit(*exceeded_);
  sink_.emit(events::TurnEnded{
      .text = speech_.said(), .finish = events::FinishReason::stop, .usage = usage_, .error = answer.error()});
}

}  // namespace pais::agent
