#include "telemetry/run_tracer.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>
#include <variant>

#include "telemetry/baggage.h"
#include "telemetry/message_text.h"
#include "telemetry/span_parts.h"

namespace pais::telemetry {
namespace {

constexpr std::string_view kToolError = "ToolError";
constexpr std::string_view kToolRetry = "ToolRetryError";
constexpr std::string_view kDelegationError = "DelegationError";

template <typename Open, typename Id, typename Projection>
std::optional<SpanWriter> taken(std::vector<Open>& open, const Id& id, Projection id_of) {
  const auto found = std::ranges::find(open, id, id_of);
  if (found == open.end()) return std::nullopt;
  SpanWriter span = std::move(found->span);
  open.erase(found);
  return span;
}

}  // namespace

RunTracer::RunTracer(std::shared_ptr<const SpanStyle> style, std::shared_ptr<const CommonParts> common,
                     std::weak_ptr<SignalSink> sink, const TraceSampler& sampler, TracedRun run)
    : style_(std::move(style)),
      common_(std::move(common)),
      sink_(std::move(sink)),
      run_(std::move(run)),
      server_run_(sampler.place_below(run_.parent)) {}

void RunTracer::on(const events::RunEvent& event) {
  if (!server_run_.sampled()) return;
  const Time at = event.time;
  std::visit(events::Overloaded{[&](const events::TurnStarted& turn) { begin(turn, at); },
                                [&](const events::ModelCallStarted& call) { begin(call, at); },
                                [&](const events::ModelCallEnded& call) { end(call, at); },
                                [&](const events::ToolCallStarted& call) { begin(call, at); },
                                [&](const events::ToolCallEnded& call) { end(call, at); },
                                [&](const events::DelegationStarted& delegation) { begin(delegation, at); },
                                [&](const events::DelegationEnded& delegation) { end(delegation, at); },
                                [&](const events::TurnEnded& turn) { end(turn, at); },
                                [](const auto& /*what no span tells of*/) {}},
             event.what);
}

// ------------------------------------------------------------------------------------------- the run

void RunTracer::begin(const events::TurnStarted& turn, Time at) {
  agent_began_ = at;
  if (style_->content) prompt_ = beginning_of(turn.prompt);
}

void RunTracer::end(const events::TurnEnded& turn, Time at) {
  end_whatever_is_open(turn, at);
  const CommonParts::Part& common = common_->of_agent();
  SpanWriter agent = span(common.name, SpanWriter::Kind::internal, agent_span_, server_run_.span_id, agent_began_);
  AttributeWriter& told = agent.attributes();
  told.add(common.attributes);
  add_run(told);
  if (!model_.empty()) told.text("model_name", model_);
  add_usage(told, turn.usage);
  if (style_->content) {
    if (messages_.empty()) {  // nobody told of the requests to the model
      const events::Message asked{.text = std::move(prompt_)};
      messages_ = input_messages({&asked, 1}, kLongestValue);
      if (!turn.error) messages_ += ',' + output_message(turn.text, {}, turn.finish, kLongestValue);
    }
    told.list(style_->version == 1 ? "all_messages_events" : "pydantic_ai.all_messages", messages_);
    if (!instructions_.empty()) told.list("gen_ai.system_instructions", instructions_);
    if (!turn.error) told.text("final_result", turn.text);
  }
  if (turn.error) fail_with(agent, *turn.error, at);
  tell(style_->library, agent, at);
  end_server_run(turn.error, std::chrono::system_clock::now());
}

void RunTracer::refuse(const Error& error, Time at) {
  if (server_run_.sampled()) end_server_run(error, at);
}

void RunTracer::end_server_run(const std::optional<Error>& error, Time at) {
  SpanWriter whole =
      span("server-run", SpanWriter::Kind::server, server_run_.span_id, run_.parent.span_id, run_.started);
  whole.attributes().text("agent.name", style_->agent);
  whole.attributes().text("session.id", run_.session_id);
  if (error) {
    whole.status(SpanWriter::Status::error, error->message());
    whole.attributes().text("error.type", facts(error->code).name);
  }
  tell(style_->host, whole, at);
}

// Only a turn that broke off leaves spans open.
void RunTracer::end_whatever_is_open(const events::TurnEnded& turn, Time at) {
  if (open_delegations_.empty() && open_tools_.empty() && open_models_.empty()) return;
  const Error why = turn.error.value_or(Error{.code = Code::cancelled, .cause = "the turn ended before this did"});
  const auto close = [&](const Scope& scope, SpanWriter& open) {
    fail_with(open, why, at);
    tell(scope, open, at);
  };
  for (OpenTool& open : open_delegations_) close(style_->host, open.span);
  for (OpenTool& open : open_tools_) close(style_->library, open.span);
  for (auto& [step, open] : open_models_) close(style_->library, open);
}

// ------------------------------------------------------------------------------------------- the model

void RunTracer::begin(const events::ModelCallStarted& call, Time at) {
  const ModelPlace place = [&] {
    const std::scoped_lock lock(mutex_);
    return model_place(call.step);
  }();
  const SpanId parent = place.parent == SpanId{} ? agent_span_ : place.parent;
  const auto common = common_->of_model_call(call);
  SpanWriter chat = span(common->name, SpanWriter::Kind::client, place.id, parent, at);
  AttributeWriter& told = chat.attributes();
  told.add(common->attributes);
  add_run(told);
  if (model_.empty()) model_ = call.model;
  if (style_->content && style_->version == 1) {
    messages_ = message_events(call.messages, kLongestValue);
  } else if (style_->content) {
    const events::Message prompt{.text = call.messages.empty() ? prompt_ : std::string()};
    messages_ = input_messages(call.messages.empty() ? std::span(&prompt, 1) : call.messages, kLongestValue);
    told.list("gen_ai.input.messages", messages_);
    instructions_ = system_instructions(call.messages, kLongestValue);
    if (!instructions_.empty()) told.list("gen_ai.system_instructions", instructions_);
  }
  open_models_.emplace_back(call.step, std::move(chat));
}

void RunTracer::end(const events::ModelCallEnded& call, Time at) {
  const auto found = std::ranges::find(open_models_, call.step, &std::pair<int, SpanWriter>::first);
  if (found == open_models_.end()) return;
  SpanWriter chat = std::move(found->second);
  open_models_.erase(found);
  {
    const std::scoped_lock lock(mutex_);
    models_.erase(call.step);
  }
  if (call.error) {
    fail_with(chat, *call.error, at);
  } else {
    add_answer(chat, call, at);
  }
  tell(style_->library, chat, at);
}

void RunTracer::add_answer(SpanWriter& chat, const events::ModelCallEnded& call, Time at) {
  AttributeWriter& told = chat.attributes();
  told.text("gen_ai.response.model", call.model);
  if (!call.id.empty()) told.text("gen_ai.response.id", call.id);
  const std::array reasons = {finish_reason(call.finish, !call.calls.empty())};
  told.texts("gen_ai.response.finish_reasons", reasons);
  add_usage(told, call.usage);
  if (call.first_token) {
    told.number("gen_ai.client.operation.time_to_first_chunk",
                std::chrono::duration<double>(*call.first_token).count());
  }
  if (!style_->content) return;
  const bool first_form = style_->version == 1;
  const std::string said = first_form ? choice_event(call.text, call.calls, kLongestValue)
                                      : output_message(call.text, call.calls, call.finish, kLongestValue);
  if (!first_form) told.list("gen_ai.output.messages", said);
  if (messages_.size() <= kLongestValue) messages_.append(messages_.empty() ? "" : ",").append(said);
  if (first_form) add_form_1(chat, messages_, at);
}

// Form 1 has messages as events: in an attribute, or as records of the log.
void RunTracer::add_form_1(SpanWriter& span, std::string_view events, Time at) const {
  if (style_->event_mode == OtelEventMode::attributes) return span.attributes().list("events", events);
  const auto sink = sink_.lock();
  if (!sink) return;
  sink->take({.scope = style_->library,
              .time = at,
              .body = "[" + std::string(events) + "]",
              .trace_id = span.trace_id(),
              .span_id = span.span_id(),
              .attributes = {{"event.name", std::string("gen_ai.messages")}}});
}

// ------------------------------------------------------------------------------------------- tools and other agents

void RunTracer::begin(const events::ToolCallStarted& call, Time at) {
  const ToolPlace place = [&] {
    const std::scoped_lock lock(mutex_);
    return tool_place(call.call.id);
  }();
  const std::string& tool = call.call.tool;
  const std::string name = style_->has_plain_names() ? std::string("running tool") : "execute_tool " + tool;
  SpanWriter running = span(name, SpanWriter::Kind::internal, place.id, agent_span_, place.entered.value_or(at));
  AttributeWriter& told = running.attributes();
  told.add(common_->of_tool());
  told.text("gen_ai.tool.name", tool);
  told.text("gen_ai.tool.call.id", call.call.id);
  add_run(told);
  told.text("logfire.msg", "running tool: " + tool);
  if (style_->content) {
    told.text(style_->has_plain_names() ? "tool_arguments" : "gen_ai.tool.call.arguments", call.call.arguments);
  }
  open_tools_.push_back({.call_id = call.call.id, .span = std::move(running)});
}

void RunTracer::end(const events::ToolCallEnded& ended, Time at) {
  auto running = taken(open_tools_, ended.call.id, &OpenTool::call_id);
  if (!running) return;
  {
    const std::scoped_lock lock(mutex_);
    const auto place = tools_.find(ended.call.id);
    if (place != tools_.end()) {
      at = place->second.left.value_or(at);
      if (!place->second.mcp_server.empty()) running->attributes().text("mcp.server", place->second.mcp_server);
      tools_.erase(place);
    }
  }
  if (style_->content) {
    running->attributes().text(style_->has_plain_names() ? "tool_response" : "gen_ai.tool.call.result", ended.result);
  }
  if (ended.is_error || ended.is_retry) fail_with(*running, ended.is_retry ? kToolRetry : kToolError, ended.result, at);
  tell(style_->library, *running, std::max(at, running->start()));
}

void RunTracer::begin(const events::DelegationStarted& delegation, Time at) {
  const auto [tool, id] = [&] {
    const std::scoped_lock lock(mutex_);
    ToolPlace& place = tool_place(delegation.call_id);
    if (place.delegation == SpanId{}) place.delegation = new_span_id();
    return std::pair(place.id, place.delegation);
  }();
  SpanWriter asking = span("delegate." + delegation.agent, SpanWriter::Kind::internal, id, tool, at);
  asking.attributes().text("agent.delegation.target", delegation.agent);
  open_delegations_.push_back({.call_id = delegation.call_id, .span = std::move(asking)});
}

void RunTracer::end(const events::DelegationEnded& delegation, Time at) {
  auto asking = taken(open_delegations_, delegation.call_id, &OpenTool::call_id);
  if (!asking) return;
  {
    const std::scoped_lock lock(mutex_);
    const auto place = tools_.find(delegation.call_id);
    if (place != tools_.end()) place->second.delegation = {};
  }
  if (delegation.is_error) fail_with(*asking, kDelegationError, delegation.result, at);
  tell(style_->host, *asking, at);
}

// ------------------------------------------------------------------------------------------- what joins the trace

TraceHeaders RunTracer::headers(std::string_view call_id) const {
  if (call_id.empty()) return headers_of(agent_span_, true);
  const SpanId id = [&] {
    const std::scoped_lock lock(mutex_);
    const ToolPlace& place = tool_place(call_id);
    return place.delegation == SpanId{} ? place.id : place.delegation;
  }();
  return headers_of(id, true);
}

TraceHeaders RunTracer::model_headers(int step) const {
  const SpanId id = [&] {
    const std::scoped_lock lock(mutex_);
    return model_place(step).id;
  }();
  return headers_of(id, false);
}

TraceHeaders RunTracer::headers_of(const SpanId& span_id, bool with_baggage) const {
  TraceContext context = server_run_;
  context.span_id = span_id;
  TraceHeaders headers{.traceparent = write_traceparent(context), .tracestate = context.state};
  if (!with_baggage) return headers;
  using Member = std::pair<std::string_view, std::string_view>;
  const std::array ours = {Member{"gen_ai.agent.name", style_->agent},
                           Member{"gen_ai.conversation.id", run_.session_id}, Member{"session.id", run_.session_id}};
  headers.baggage = write_baggage(ours, run_.baggage);
  return headers;
}

std::optional<TraceContext> RunTracer::inside(std::string_view call_id) const {
  TraceContext context = server_run_;
  if (call_id.empty()) {
    context.span_id = agent_span_;
    return context;
  }
  const std::scoped_lock lock(mutex_);
  context.span_id = tool_place(call_id).id;
  return context;
}

void RunTracer::served_by(std::string_view call_id, std::string_view mcp_server) const {
  const std::scoped_lock lock(mutex_);
  tool_place(call_id).mcp_server = mcp_server;
}

void RunTracer::entered(std::string_view call_id) const {
  const std::scoped_lock lock(mutex_);
  tool_place(call_id).entered = std::chrono::system_clock::now();
}

void RunTracer::left(std::string_view call_id) const {
  const std::scoped_lock lock(mutex_);
  tool_place(call_id).left = std::chrono::system_clock::now();
}

void RunTracer::reserve_model_call(int step, const SpanId& span_id, const SpanId& parent) const {
  const std::scoped_lock lock(mutex_);
  models_.insert_or_assign(step, ModelPlace{.id = span_id, .parent = parent});
}

// Whoever asks first gives the call its id: the request of a tool may be on its way before its start has been told.
RunTracer::ToolPlace& RunTracer::tool_place(std::string_view call_id) const {
  const auto known = tools_.find(call_id);
  if (known != tools_.end()) return known->second;
  return tools_
      .emplace(std::string(call_id),
               ToolPlace{.id = new_span_id(), .entered = {}, .left = {}, .delegation = {}, .mcp_server = {}})
      .first->second;
}

RunTracer::ModelPlace& RunTracer::model_place(int step) const {
  const auto [place, is_new] = models_.try_emplace(step);
  if (place->second.id == SpanId{}) place->second.id = new_span_id();
  return place->second;
}

// ------------------------------------------------------------------------------------------- what spans are made of

SpanWriter RunTracer::span(std::string_view name, SpanWriter::Kind kind, const SpanId& id, const SpanId& parent,
                           Time at) const {
  return {{.trace_id = server_run_.trace_id, .span_id = id, .state = server_run_.state}, parent, name, kind, at};
}

void RunTracer::tell(const Scope& scope, SpanWriter& span, Time at) const {
  if (const auto sink = sink_.lock()) span.tell(*sink, scope, at);
}

// The same in each span of the library's.
void RunTracer::add_run(AttributeWriter& attributes) const {
  attributes.text("gen_ai.agent.call.id", run_.run_id);
  attributes.text("gen_ai.conversation.id", run_.session_id);
}

// What an error says may quote what was asked or answered.
void RunTracer::fail_with(SpanWriter& span, std::string_view type, std::string_view text, Time at) const {
  fail(span, type, style_->content ? text : std::string_view(), at);
}

void RunTracer::fail_with(SpanWriter& span, const Error& error, Time at) const {
  fail(span, facts(error.code).name, style_->content ? error.describe() : error.message(), at);
}

}  // namespace pais::telemetry
