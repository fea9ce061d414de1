#include "memory/conversations.h"

#include <algorithm>

namespace pais::memory {

Conversations::Shard& Conversations::shard_of(std::string_view session_id) {
  return shards_[Hash()(session_id) % shards_.size()];
}

Pin Conversations::find(std::string_view session_id) {
  Shard& shard = shard_of(session_id);
  const std::scoped_lock lock(shard.guard);
  const auto found = shard.conversations.find(session_id);
  return found == shard.conversations.end() ? Pin() : Pin(found->second, false);
}

Pin Conversations::find_or_create(const SessionNaming& naming, Conversation::Time now) {
  Shard& shard = shard_of(naming.session_id);
  const std::scoped_lock lock(shard.guard);
  auto& place = shard.conversations[naming.session_id];
  if (place) return Pin(place, false);
  place = std::make_shared<Conversation>(tick(), naming, now);
  ++size_;
  return Pin(place, true);
}

void Conversations::restore(const List& conversations) {
  List by_age = conversations;
  std::sort(by_age.begin(), by_age.end(),
            [](const auto& a, const auto& b) { return a->updated_at() < b->updated_at(); });
  for (const auto& conversation : by_age) ticks_ = std::max(ticks_.load(), conversation->number + 1);
  for (const auto& conversation : by_age) {
    conversation->last_active = tick();
    shard_of(conversation->session_id).conversations[conversation->session_id] = conversation;
    ++size_;
  }
}

bool Conversations::erase(const Conversation& conversation, Removal which) {
  Shard& shard = shard_of(conversation.session_id);
  const std::scoped_lock lock(shard.guard);
  const auto found = shard.conversations.find(conversation.session_id);
  if (found == shard.conversations.end() || found->second.get() != &conversation) return false;
  if (which == Removal::only_if_idle && conversation.pins != 0) return false;
  shard.conversations.erase(found);
  --size_;
  return true;
}

Conversations::List Conversations::all() {
  List found;
  for (Shard& shard : shards_) {
    const std::scoped_lock lock(shard.guard);
    for (const auto& [id, conversation] : shard.conversations) found.push_back(conversation);
  }
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a->number < b->number; });
  return found;
}

Conversations::List Conversations::idle_by_age() {
  struct Aged {
    std::uint64_t last_active;
    std::shared_ptr<Conversation> conversation;
  };
  std::vector<Aged> idle;
  for (Shard& shard : shards_) {
    const std::scoped_lock lock(shard.guard);
    for (const auto& [id, conversation] : shard.conversations) {
      if (conversation->pins == 0) idle.push_back({conversation->last_active, conversation});
    }
  }
  std::sort(idle.begin(), idle.end(), [](const Aged& a, const Aged& b) { return a.last_active < b.last_active; });
  List sorted;
  sorted.reserve(idle.size());
  for (Aged& aged : idle) sorted.push_back(std::move(aged.conversation));
  return sorted;
}

}  // namespace pais::memory
