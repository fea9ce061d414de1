// The listener that makes spans of a run: `server-run` around it all, in it `invoke_agent`, and in that `chat`,
// `execute_tool` and `delegate.<name>`, as far as the run's events tell of them. It is the run's Propagation as well.
//
// One RunTracer hears one run. Made when the request is taken, for what is stored of the turn names its span; it ends
// with TurnEnded, with `refuse` where there was no turn, or untold. A trace that is not kept is propagated all the
// same, and costs nothing more. `on` comes from one thread at a time, all else from any.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "events/run.h"
#include "telemetry/propagation.h"
#include "telemetry/sampler.h"
#include "telemetry/signals.h"
#include "telemetry/span_parts.h"
#include "telemetry/span_writer.h"
#include "telemetry/trace_context.h"

namespace pais::telemetry {

struct TracedRun {
  TraceContext parent = {};  // none: the run is the first of its trace
  std::string baggage = {};  // as it came in
  std::string session_id = {};
  std::string run_id = {};
  Time started = {};
};

class RunTracer final : public events::RunListener, public Propagation {
 public:
  RunTracer(std::shared_ptr<const SpanStyle> style, std::shared_ptr<const CommonParts> common,
            std::weak_ptr<SignalSink> sink, const TraceSampler& sampler, TracedRun run);

  void on(const events::RunEvent& event) override;

  // The request ended before there was a turn.
  void refuse(const Error& error, Time at);

  TraceHeaders headers(std::string_view call_id) const override;
  TraceHeaders model_headers(int step) const override;
  std::optional<TraceContext> inside(std::string_view call_id) const override;
  void reserve_model_call(int step, const SpanId& span_id, const SpanId& parent) const override;
  void served_by(std::string_view call_id, std::string_view mcp_server) const override;
  void entered(std::string_view call_id) const override;
  void left(std::string_view call_id) const override;

  // Of `server-run`.
  const TraceContext& context() const { return server_run_; }

 private:
  // Spans that are open, or known of before they are told. Guarded by mutex_.
  struct ToolPlace {
    SpanId id{};
    std::optional<Time> entered;
    std::optional<Time> left;
    SpanId delegation{};     // of the delegation that is open in it
    std::string mcp_server;  // that answers it; "": none does
  };
  struct ModelPlace {
    SpanId id{};
    SpanId parent{};  // none: invoke_agent
  };
  struct OpenTool {
    std::string call_id;
    SpanWriter span;
  };

  void begin(const events::TurnStarted& turn, Time at);
  void begin(const events::ModelCallStarted& call, Time at);
  void end(const events::ModelCallEnded& call, Time at);
  void begin(const events::ToolCallStarted& call, Time at);
  void end(const events::ToolCallEnded& ended, Time at);
  void begin(const events::DelegationStarted& delegation, Time at);
  void end(const events::DelegationEnded& delegation, Time at);
  void end(const events::TurnEnded& turn, Time at);
  void end_server_run(const std::optional<Error>& error, Time at);
  void end_whatever_is_open(const events::TurnEnded& turn, Time at);

  SpanWriter span(std::string_view name, SpanWriter::Kind kind, const SpanId& id, const SpanId& parent, Time at) const;
  void tell(const Scope& scope, SpanWriter& span, Time at) const;
  void add_run(AttributeWriter& attributes) const;
  void add_answer(SpanWriter& chat, const events::ModelCallEnded& call, Time at);
  void add_form_1(SpanWriter& span, std::string_view events, Time at) const;
  void fail_with(SpanWriter& span, std::string_view type, std::string_view text, Time at) const;
  void fail_with(SpanWriter& span, const Error& error, Time at) const;

  ToolPlace& tool_place(std::string_view call_id) const;
  ModelPlace& model_place(int step) const;
  TraceHeaders headers_of(const SpanId& span_id, bool with_baggage) const;

  const std::shared_ptr<const SpanStyle> style_;
  const std::shared_ptr<const CommonParts> common_;
  const std::weak_ptr<SignalSink> sink_;  // gone once the process ends
  const TracedRun run_;
  const TraceContext server_run_;
  const SpanId agent_span_ = new_span_id();

  Time agent_began_{};
  std::string model_;
  std::string prompt_;
  std::string instructions_;  // members of a list, and so are
  std::string messages_;      // those of the run so far
  std::vector<std::pair<int, SpanWriter>> open_models_;
  std::vector<OpenTool> open_tools_;
  std::vector<OpenTool> open_delegations_;

  mutable std::mutex mutex_;
  mutable std::map<std::string, ToolPlace, std::less<>> tools_;  // guarded by mutex_
  mutable std::map<int, ModelPlace> models_;                     // guarded by mutex_
};

}  // namespace pais::telemetry
