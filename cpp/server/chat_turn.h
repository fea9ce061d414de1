// One chat request on its way: its place in the line of its session, its history, its run.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "http/server.h"
#include "memory/memory.h"
#include "memory/turn_queue.h"
#include "server/chat_request.h"
#include "server/chat_service.h"
#include "tools/delegation/handover_headers.h"

namespace pais::server {

// Kept alive by whoever has it next: the line of its session, or the worker that runs it. No thread waits with it.
class ChatTurn : public std::enable_shared_from_this<ChatTurn> {
 public:
  ChatTurn(std::shared_ptr<ChatService> service, std::shared_ptr<http::Exchange> exchange, ChatRequest request,
           std::string session_id, bool session_named);

  // On a worker's thread, once.
  void begin();

 private:
  using Lease = memory::TurnQueue::Lease;

  bool waits_for_its_turn() const;
  bool outlives_its_client() const;
  void line_up(const std::function<memory::TurnQueue::Ticket(memory::TurnQueue::Start)>& join);
  void granted(Lease lease);
  void give_up();

  void follow();
  void open();
  void refuse(const Error& error);
  void run(memory::Turn turn);
  agent::Budget budget(const tools::delegation::Handover& handover) const;
  memory::TurnMark mark() const;
  std::shared_ptr<const telemetry::Propagation> propagation() const;
  agent::RunRequest run_request(std::vector<events::Utterance> history);
  WriterOptions writer_options() const;

  const std::shared_ptr<ChatService> service_;
  const std::shared_ptr<http::Exchange> exchange_;
  ChatRequest request_;
  const std::string session_id_;
  const bool session_named_;
  const std::string run_id_;
  std::shared_ptr<telemetry::RunTracer> tracer_;  // null: nobody follows
  log::About about_;                              // what its lines in the log are about
  std::stop_source run_;                          // stopped by a hang-up only where the client wants it so

  std::mutex mutex_;  // guards the three below
  bool joining_ = false;
  std::optional<memory::TurnQueue::Ticket> ticket_;  // while it waits
  Lease lease_;

  using OnStop = std::stop_callback<std::function<void()>>;
  std::optional<OnStop> on_gone_;
  std::optional<OnStop> on_given_up_;
};

}  // namespace pais::server
