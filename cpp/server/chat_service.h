// The chat API: from a request to a turn of the agent, and back.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "agent/agent.h"
#include "base/settings.h"
#include "http/server.h"
#include "memory/memory.h"
#include "memory/turn_queue.h"
#include "server/chat_writer.h"
#include "server/readiness.h"
#include "telemetry/run_metrics.h"
#include "telemetry/telemetry.h"

namespace pais::server {

struct ChatOptions {
  std::string agent_name;
  std::shared_ptr<const Readiness> readiness;
  int max_steps = 5;
  std::size_t context_limit = 6;
  bool serial = true;  // turns of one session wait for each other
  OnDisconnect on_disconnect = OnDisconnect::cancel;
  ClientSystem client_system = ClientSystem::ignore;
  ResponseId response_id = ResponseId::session;
  ErrorStyle errors = ErrorStyle::json;
  Progress progress = Progress::content;
  bool reasoning = false;
  bool strict_memory = false;  // a store that is away fails the turn
  std::chrono::milliseconds commit{30'000};
  agent::Budget budget = {};
  std::shared_ptr<const telemetry::Telemetry> telemetry = {};  // null: nobody is told of the runs
  std::shared_ptr<telemetry::RunMetrics> metrics = {};         // null: nobody counts them
};

// Serves all requests, from any thread. A turn that is running keeps alive what it needs.
class ChatService : public std::enable_shared_from_this<ChatService> {
 public:
  ChatService(ChatOptions options, std::shared_ptr<agent::Agent> agent, std::shared_ptr<memory::Memory> memory);

  // The handler of POST /v1/chat/completions, for Lane::run.
  void chat(std::shared_ptr<http::Exchange> exchange);

 private:
  friend class ChatTurn;

  const ChatOptions options_;
  const std::shared_ptr<agent::Agent> agent_;
  const std::shared_ptr<memory::Memory> memory_;
  memory::TurnQueue queue_;
};

}  // namespace pais::server
