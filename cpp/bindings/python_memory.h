// A Memory that a user wrote in Python, as the host sees it: each call is an errand to the loop it lives on.
//
// A turn is made of single steps (get-or-create, add, history; add), so what happens in one session at once on other
// hosts comes between them. While the user's object fails, turns go on without history, as with a Redis that is away.
// Any thread but the loop's. Closing it ends the errands; the user's object is closed by whoever made it.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "nlohmann/json_fwd.hpp"

#include "bindings/errands.h"
#include "memory/memory.h"

namespace pais::bindings {

class PythonMemory final : public memory::Memory {
 public:
  explicit PythonMemory(std::shared_ptr<Errands> errands) : errands_(std::move(errands)) {}

  Result<memory::Turn> open_turn(const memory::TurnOpening& opening) override;
  Result<void> close_turn(memory::Turn turn, std::vector<memory::MemoryEvent> events) override;
  bool reachable() const override { return reachable_; }
  Result<std::vector<events::Utterance>> history(std::string_view session_id, std::size_t context_limit) override;

  Result<std::string> create_session(const memory::SessionNaming& naming) override;
  Result<std::string> get_or_create_session(const memory::SessionNaming& naming) override;
  Result<std::optional<memory::SessionInfo>> session(std::string_view session_id) override;
  Result<bool> add_events(std::string_view session_id, std::vector<memory::MemoryEvent> events) override;
  Result<std::vector<memory::MemoryEvent>> events(std::string_view session_id,
                                                  const memory::EventQuery& query) override;
  Result<memory::SessionPage> sessions(const memory::SessionQuery& query) override;
  Result<bool> delete_session(std::string_view session_id) override;
  Result<std::size_t> clear() override;
  Result<memory::MemoryStats> stats() override;
  Result<std::size_t> forget_older_than(std::chrono::seconds age) override;
  void close() override { errands_->close(); }

 private:
  Result<nlohmann::json> ask(const std::string& method, const nlohmann::json& arguments);
  template <typename T>
  Result<T> ask_for(const std::string& method, const nlohmann::json& arguments);

  const std::shared_ptr<Errands> errands_;
  std::atomic<bool> reachable_ = true;
};

}  // namespace pais::bindings
