// All conversations of a process, found by their id.
//
// In 64 shards with a lock each, held for the moment of a look-up. A conversation that is found comes with a Pin, taken
// under that lock: while there is one, `erase` with only_if_idle leaves the conversation alone.
#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "memory/conversation.h"

namespace pais::memory {

class Pin {
 public:
  Pin() = default;
  Pin(std::shared_ptr<Conversation> conversation, bool is_new)
      : created(is_new), conversation_(std::move(conversation)) {
    ++conversation_->pins;
  }
  Pin(Pin&&) noexcept = default;
  Pin& operator=(Pin&&) = delete;
  ~Pin() {
    if (conversation_) --conversation_->pins;
  }

  explicit operator bool() const { return conversation_ != nullptr; }
  Conversation* operator->() const { return conversation_.get(); }
  Conversation& operator*() const { return *conversation_; }
  const std::shared_ptr<Conversation>& shared() const { return conversation_; }

  const bool created = false;

 private:
  std::shared_ptr<Conversation> conversation_;
};

enum class Removal { only_if_idle, in_any_case };

class Conversations {
 public:
  using List = std::vector<std::shared_ptr<Conversation>>;

  // Counts the conversations, and every use of one, in one order.
  std::uint64_t tick() { return ticks_++; }
  std::size_t size() const { return size_; }

  Pin find(std::string_view session_id);
  Pin find_or_create(const SessionNaming& naming, Conversation::Time now);

  // Those that were there before, with their numbers; once, before anything else.
  void restore(const List& conversations);

  // Whether it was there, and is not any more.
  bool erase(const Conversation& conversation, Removal which);

  List all();          // in the order of creation
  List idle_by_age();  // without a pin, silent longest first

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };

  struct Shard {
    std::mutex guard;
    std::unordered_map<std::string, std::shared_ptr<Conversation>, Hash, std::equal_to<>> conversations;  // guarded
  };

  Shard& shard_of(std::string_view session_id);

  std::array<Shard, 64> shards_;
  std::atomic<std::size_t> size_ = 0;
  std::atomic<std::uint64_t> ticks_ = 1;
};

}  // namespace pais::memory
