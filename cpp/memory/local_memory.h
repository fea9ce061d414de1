// Conversations in the memory of this process, with or without a journal beside them.
//
// A turn takes the lock of its own conversation, after a short look-up (conversations.h). Only making room goes over
// all of them, and that is done for a tenth of the sessions at a time.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "memory/at_home.h"
#include "memory/conversations.h"
#include "memory/journal.h"
#include "memory/memory.h"

namespace pais::memory {

class LocalMemory : public Memory {
 public:
  explicit LocalMemory(LocalOptions options, std::unique_ptr<Journal> journal = nullptr);
  ~LocalMemory() override;

  // Takes up conversations that were kept; before the first call of anything else.
  void restore(const Conversations::List& conversations);

  Result<Turn> open_turn(const TurnOpening& opening) override;
  Result<void> close_turn(Turn turn, std::vector<MemoryEvent> events) override;
  bool reachable() const override { return !journal_ || journal_->is_well(); }
  Result<std::vector<events::Utterance>> history(std::string_view session_id, std::size_t context_limit) override;

  Result<std::string> create_session(const SessionNaming& naming) override;
  Result<std::string> get_or_create_session(const SessionNaming& naming) override;
  Result<std::optional<SessionInfo>> session(std::string_view session_id) override;
  Result<bool> add_events(std::string_view session_id, std::vector<MemoryEvent> events) override;
  Result<std::vector<MemoryEvent>> events(std::string_view session_id, const EventQuery& query) override;
  Result<SessionPage> sessions(const SessionQuery& query) override;
  Result<bool> delete_session(std::string_view session_id) override;
  Result<std::size_t> clear() override;
  Result<MemoryStats> stats() override;
  Result<std::size_t> forget_older_than(std::chrono::seconds age) override;
  void close() override;

 private:
  class Hold;

  // Calls `use(conversation, created)` with the conversation locked, found or created, and surely not removed.
  template <typename Use>
  Pin with_conversation(const SessionNaming& naming, Use use);

  // Both with the conversation locked.
  Journal::Receipt append(Conversation& conversation, std::vector<MemoryEvent> events);
  Journal::Receipt write_down(const Conversation& conversation, std::uint64_t from);

  Result<void> wait(Journal::Receipt receipt);
  std::optional<Journal::Receipt> remove(const std::shared_ptr<Conversation>& conversation, Removal which);
  void keep_to_session_limit();
  void keep_to_byte_limit(Conversation& current);

  const LocalOptions options_;
  const AtHome<Journal> journal_;
  Conversations conversations_;
  std::atomic<std::size_t> bytes_ = 0;
  std::atomic<bool> nothing_idle_ = false;  // nothing can be evicted until a turn ends: no need to look
  std::mutex making_room_;
};

}  // namespace pais::memory
