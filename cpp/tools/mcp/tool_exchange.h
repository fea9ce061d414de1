// One call of a tool, from its first request to its last.
//
// Asked again is only what the server has surely not begun with: a session it did not know, headers it did not like, or
// a question of its own that comes instead of a result (stateless era).
#pragma once

#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "nlohmann/json_fwd.hpp"

#include "base/result.h"
#include "tools/mcp/counts.h"
#include "tools/mcp/remote_server.h"

namespace pais::tools::mcp {

class ToolExchange {
 public:
  // What it is given must outlive it.
  ToolExchange(RemoteServer& server, std::shared_ptr<const RemoteTool> tool, const CallContext& context,
               const events::ToolCall& call, const std::stop_token& stop);

  Result<ToolResult> run(const nlohmann::json& arguments);

  // Of `run`, once it is over.
  CallOutcome outcome() const { return outcome_; }

 private:
  Reply ask(const nlohmann::json& arguments);
  Hear hearing();
  bool can_ask_again(const Reply& reply);
  bool renew_session();
  bool learn_headers();
  // False when the server wants to know what we cannot say.
  bool answer_questions(const nlohmann::json& wish);
  void take_back() const;

  Result<ToolResult> read(const Reply& reply);
  Result<ToolResult> failed(const Error& problem);
  ToolResult told(CallOutcome outcome, std::string sentence);

  RemoteServer& server_;
  std::shared_ptr<const RemoteTool> tool_;
  const events::ToolCall& call_;
  events::RunSink& run_;
  const telemetry::TraceHeaders trace_;
  const Patience patience_;
  SessionPtr session_;
  std::optional<Error> problem_;  // why there is no session
  std::string id_;
  std::shared_ptr<const nlohmann::json> more_;  // parameters that the server has asked for; may be null
  bool renewed_ = false;
  bool learnt_ = false;
  int rounds_ = 0;
  int told_progress_ = 0;
  CallOutcome outcome_ = CallOutcome::broken;
};

}  // namespace pais::tools::mcp
