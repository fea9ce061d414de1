#include "bindings/tool_calls.h"

#include <utility>

namespace pais::bindings {
namespace {

// Calls at a time; each has a thread.
constexpr std::size_t kMostCalls = 1024;

class Retelling final : public events::RunListener {
 public:
  explicit Retelling(const ToolRun& run) : run_(run) {}
  void on(const events::RunEvent& event) override { run_.tell(event.what); }

 private:
  const ToolRun& run_;
};

Result<tools::ToolResult> refusal(std::string complaint) {
  return tools::ToolResult{.content = std::move(complaint), .is_error = true, .counts_as_retry = true};
}

}  // namespace

struct ToolCalls::Call {
  CallNumber number = 0;
  std::shared_ptr<const ToolRun> run;
  events::ToolCall wish;
  Answer answer;
  std::stop_token stop;
};

ToolCalls::ToolCalls(agent::Toolsets toolsets, agent::ToolLimits limits)
    : any_(!toolsets.empty()), limits_(limits), shelf_(std::move(toolsets)), hands_(kMostCalls) {}

void ToolCalls::begin(const std::shared_ptr<const ToolRun>& run, CallNumber number, events::ToolCall wish,
                      Answer answer) {
  const auto call = std::make_shared<Call>();
  call->number = number;
  call->run = run;
  call->wish = std::move(wish);
  call->answer = std::move(answer);
  call->stop = stops_.add(number, run->number);
  hands_.submit([self = shared_from_this(), call] { self->perform(call); });
}

void ToolCalls::perform(const std::shared_ptr<Call>& call) {
  const auto complaint = catalog()->complaint_about(call->wish);
  auto result = complaint ? refusal(*complaint) : result_of(*call);
  events::ToolCallEnded ended{.call = call->wish, .result = {}};
  if (result) {
    ended.result = result->content;
    ended.is_json = result->is_json;
    ended.is_error = result->is_error;
    ended.is_retry = complaint.has_value();
    call->run->spent(result->spent);
  } else {
    ended.result = result.error().message();
    ended.is_error = true;
  }
  // The end of a call that was called off is told by who did that.
  if (!call->stop.stop_requested()) call->run->tell(std::move(ended));
  stops_.remove(call->number);
  call->answer(std::move(result));
}

Result<tools::ToolResult> ToolCalls::result_of(const Call& call) {
  const auto tools = catalog();
  const auto* entry = tools->find(call.wish.tool);
  if (entry == nullptr) return refusal("There is no tool named '" + call.wish.tool + "' any more.");
  const ToolRun& run = *call.run;
  Retelling retelling(run);
  events::RunSink sink(run.identity, {&retelling});
  return agent::call_within_limits(limits_, alarms_, *entry->toolset, call.wish,
                                   {.run = sink,
                                    .history = run.history,
                                    .prompt = run.prompt,
                                    .deadline = run.deadline,
                                    .propagation = run.propagation,
                                    .lineage = run.lineage,
                                    .left = run.left(),
                                    .stream = run.stream},
                                   call.stop);
}

}  // namespace pais::bindings
