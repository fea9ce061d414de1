#include "agent/limited_call.h"

#include <algorithm>
#include <exception>
#include <string>
#include <string_view>
#include <utility>

#include "nlohmann/json.hpp"

#include "agent/linked_stop.h"
#include "base/log.h"
#include "base/utf8.h"

namespace pais::agent {
namespace {

using std::chrono::steady_clock;

constexpr std::string_view kLogger = "pais.agent";

std::string seconds(std::chrono::milliseconds limit) {
  return nlohmann::json(std::chrono::duration<double>(limit).count()).dump();
}

tools::ToolResult out_of_time(const std::string& tool, std::chrono::milliseconds limit) {
  log::warning(kLogger, "Tool " + tool + " was stopped after " + seconds(limit) + " s.");
  return {.content = "The tool '" + tool + "' did not answer within " + seconds(limit) + " seconds and was stopped.",
          .is_error = true};
}

Result<tools::ToolResult> call_and_catch(tools::Toolset& toolset, const events::ToolCall& call,
                                         const tools::CallContext& context, const std::stop_token& stop) {
  try {
    return toolset.call(call, context, stop);
  } catch (const std::exception& trouble) {
    return Error{.code = Code::internal, .cause = trouble.what()};
  }
}

Result<tools::ToolResult> call_in_time(std::chrono::milliseconds limit, Alarms& alarms, tools::Toolset& toolset,
                                       const events::ToolCall& call, tools::CallContext context,
                                       const std::stop_token& outer) {
  if (limit == limit.zero()) return call_and_catch(toolset, call, context, outer);
  const LinkedStop stop(outer);
  const auto deadline = steady_clock::now() + limit;
  const auto alarm = alarms.at(deadline, stop.source());
  context.deadline = context.deadline ? std::min(deadline, *context.deadline) : deadline;
  auto result = call_and_catch(toolset, call, context, stop.token());
  if (steady_clock::now() >= deadline && !outer.stop_requested()) return out_of_time(call.tool, limit);
  return result;
}

}  // namespace

void cut(tools::ToolResult& result, std::size_t most) {
  const std::size_t whole = result.content.size();
  if (most == 0 || whole <= most) return;
  const std::size_t end = text_up_to(result.content, most).size();
  result.content.resize(end);
  result.content += "\n[The result was cut here: " + std::to_string(end) + " of " + std::to_string(whole) + " bytes.]";
  result.is_json = false;
}

Result<tools::ToolResult> call_within_limits(const ToolLimits& limits, Alarms& alarms, tools::Toolset& toolset,
                                             const events::ToolCall& call, tools::CallContext context,
                                             const std::stop_token& stop) {
  auto result = call_in_time(limits.timeout, alarms, toolset, call, std::move(context), stop);
  if (result) cut(*result, limits.result_max_bytes);
  return result;
}

}  // namespace pais::agent
