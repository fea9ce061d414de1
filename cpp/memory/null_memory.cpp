#include "memory/memory.h"

namespace pais::memory {
namespace {

class NullMemory : public Memory {
 public:
  Result<Turn> open_turn(const TurnOpening& opening) override {
    return Turn{.session_id = opening.session_id, .mark = opening.mark};
  }
  Result<void> close_turn(Turn, std::vector<MemoryEvent>) override { return {}; }
  bool remembers() const override { return false; }

  Result<std::vector<events::Utterance>> history(std::string_view, std::size_t) override {
    return std::vector<events::Utterance>();
  }
  Result<std::string> create_session(const SessionNaming& naming) override {
    return naming.session_id.empty() ? std::string("null-session") : naming.session_id;
  }
  Result<std::string> get_or_create_session(const SessionNaming& naming) override { return create_session(naming); }
  Result<std::optional<SessionInfo>> session(std::string_view) override { return std::optional<SessionInfo>(); }
  Result<bool> add_events(std::string_view, std::vector<MemoryEvent>) override { return true; }
  Result<std::vector<MemoryEvent>> events(std::string_view, const EventQuery&) override {
    return std::vector<MemoryEvent>();
  }
  Result<SessionPage> sessions(const SessionQuery&) override { return SessionPage(); }
  Result<bool> delete_session(std::string_view) override { return true; }
  Result<std::size_t> clear() override { return std::size_t{0}; }
  Result<MemoryStats> stats() override { return MemoryStats(); }
  Result<std::size_t> forget_older_than(std::chrono::seconds) override { return std::size_t{0}; }
};

}  // namespace

std::unique_ptr<Memory> null_memory() {
  return std::make_unique<NullMemory>();
}

}  // namespace pais::memory
