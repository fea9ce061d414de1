#include "memory/local_memory.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/ids.h"
#include "base/log.h"

namespace pais::memory {
namespace {

constexpr Journal::Receipt kNothingToWaitFor = 0;

LocalOptions sane(LocalOptions options) {
  options.max_sessions = std::max<std::size_t>(options.max_sessions, 1);
  options.max_session_events = std::max<std::size_t>(options.max_session_events, 1);
  return options;
}

SessionNaming named(SessionNaming naming) {
  if (naming.session_id.empty()) naming.session_id = new_session_id();
  return naming;
}

// A page goes on after the conversation of this number.
Result<std::uint64_t> read_cursor(const std::string& cursor) {
  std::uint64_t number = 0;
  if (cursor.empty()) return number;
  const char* const end = cursor.data() + cursor.size();
  const auto [stopped, failure] = std::from_chars(cursor.data(), end, number);
  if (failure == std::errc() && stopped == end) return number;
  return Error{.code = Code::invalid_query, .cause = cursor, .param = "cursor"};
}

}  // namespace

class LocalMemory::Hold : public TurnHold {
 public:
  Hold(LocalMemory& memory, Pin its_pin) : pin(std::move(its_pin)), memory_(memory) {}
  ~Hold() override { memory_.nothing_idle_ = false; }

  const Pin pin;

 private:
  LocalMemory& memory_;
};

LocalMemory::LocalMemory(LocalOptions options, std::unique_ptr<Journal> journal)
    : options_(sane(options)), journal_(std::move(journal)) {}

LocalMemory::~LocalMemory() {
  close();
}

void LocalMemory::close() {
  if (journal_ && journal_.is_here()) journal_->close();
}

void LocalMemory::restore(const Conversations::List& conversations) {
  for (const auto& conversation : conversations) {
    while (conversation->events().size() > options_.max_session_events) conversation->drop_oldest();
    bytes_ += conversation->bytes;
  }
  conversations_.restore(conversations);
  keep_to_session_limit();
  for (const auto& conversation : conversations_.idle_by_age()) {
    if (bytes_ <= options_.max_bytes) break;
    remove(conversation, Removal::only_if_idle);
  }
}

// --- a turn ---

Result<Turn> LocalMemory::open_turn(const TurnOpening& opening) {
  const auto now = options_.clock->wall();
  std::vector<MemoryEvent> prompt;
  prompt.push_back(prompt_event(opening, now));
  Turn turn{.session_id = opening.session_id, .mark = opening.mark, .remembered = reachable()};
  Pin conversation = with_conversation({.session_id = opening.session_id}, [&](Conversation& found, bool) {
    if (opening.wants_history) {
      turn.history = found.history(opening.context_limit, opening.mark.run_id, unanswered_for(opening));
    }
    append(found, std::move(prompt));
  });
  keep_to_byte_limit(*conversation);
  turn.hold = std::make_unique<Hold>(*this, std::move(conversation));
  return turn;
}

Result<void> LocalMemory::close_turn(Turn turn, std::vector<MemoryEvent> events) {
  const auto* hold = dynamic_cast<const Hold*>(turn.hold.get());
  if (hold == nullptr) return close_turn_in_steps(*this, turn, std::move(events));
  Conversation& conversation = *hold->pin;
  Journal::Receipt receipt = kNothingToWaitFor;
  {
    const std::scoped_lock lock(conversation.guard);
    if (conversation.removed) return {};
    receipt = append(conversation, std::move(events));
  }
  keep_to_byte_limit(conversation);
  // What a disk refuses waits for it in the journal, and its client has been told so.
  if (!turn.remembered && !reachable()) return {};
  return wait(receipt);
}

Result<std::vector<events::Utterance>> LocalMemory::history(std::string_view session_id, std::size_t context_limit) {
  const Pin conversation = conversations_.find(session_id);
  if (!conversation) return std::vector<events::Utterance>();
  const std::scoped_lock lock(conversation->guard);
  return conversation->history(context_limit, {}, Unanswered::left_out);
}

// --- finding, adding, removing ---

template <typename Use>
Pin LocalMemory::with_conversation(const SessionNaming& naming, Use use) {
  for (;;) {
    Pin conversation = conversations_.find_or_create(naming, options_.clock->wall());
    if (conversation.created) {
      bytes_ += conversation->bytes;
      keep_to_session_limit();
    }
    const std::scoped_lock lock(conversation->guard);
    if (conversation->removed) continue;
    use(*conversation, conversation.created);
    return conversation;
  }
}

Journal::Receipt LocalMemory::append(Conversation& conversation, std::vector<MemoryEvent> events) {
  for (MemoryEvent& event : events) cut_to_limit(event);
  const std::size_t before = conversation.bytes;
  const auto from = conversation.append(std::move(events), options_.max_session_events, options_.clock->wall());
  bytes_ += conversation.bytes - before;
  conversation.last_active = conversations_.tick();
  return write_down(conversation, from);
}

Journal::Receipt LocalMemory::write_down(const Conversation& conversation, std::uint64_t from) {
  if (!journal_) return kNothingToWaitFor;
  const std::uint64_t first = conversation.first_place();
  from = std::max(from, first);
  const auto begin = conversation.events().begin() + static_cast<std::ptrdiff_t>(from - first);
  return journal_->appended({.conversation = conversation.number,
                             .info = conversation.info(),
                             .place = from,
                             .keep_from = first,
                             .events = {begin, conversation.events().end()}});
}

Result<void> LocalMemory::wait(Journal::Receipt receipt) {
  if (!journal_ || receipt == kNothingToWaitFor) return {};
  return journal_->wait(receipt);
}

std::optional<Journal::Receipt> LocalMemory::remove(const std::shared_ptr<Conversation>& conversation, Removal which) {
  if (!conversations_.erase(*conversation, which)) return std::nullopt;
  const std::scoped_lock lock(conversation->guard);
  conversation->removed = true;
  bytes_ -= conversation->bytes;
  return journal_ ? journal_->removed(conversation->number) : kNothingToWaitFor;
}

// --- limits ---

void LocalMemory::keep_to_session_limit() {
  if (conversations_.size() <= options_.max_sessions) return;
  const std::scoped_lock lock(making_room_);
  if (conversations_.size() <= options_.max_sessions || nothing_idle_) return;
  nothing_idle_ = true;
  const std::size_t share = std::max<std::size_t>(1, options_.max_sessions / 10);
  std::size_t removed = 0;
  for (const auto& conversation : conversations_.idle_by_age()) {
    if (removed >= share && conversations_.size() <= options_.max_sessions) break;
    if (remove(conversation, Removal::only_if_idle)) ++removed;
  }
  if (conversations_.size() <= options_.max_sessions) nothing_idle_ = false;
}

void LocalMemory::keep_to_byte_limit(Conversation& current) {
  if (bytes_ <= options_.max_bytes) return;
  const std::scoped_lock making_room(making_room_);
  // A little more than needed, so that the next turn need not look again.
  const std::size_t target = options_.max_bytes - options_.max_bytes / 16;
  for (const auto& conversation : conversations_.idle_by_age()) {
    if (bytes_ <= target) return;
    remove(conversation, Removal::only_if_idle);
  }
  const std::scoped_lock lock(current.guard);
  if (bytes_ <= options_.max_bytes || current.removed) return;
  while (bytes_ > options_.max_bytes && current.events().size() > 1) {
    const std::size_t before = current.bytes;
    current.drop_oldest();
    bytes_ -= before - current.bytes;
  }
  write_down(current, current.next_place());
}

// --- sessions and events, one by one ---

Result<std::string> LocalMemory::create_session(const SessionNaming& naming) {
  const SessionNaming session = named(naming);
  Journal::Receipt receipt = kNothingToWaitFor;
  with_conversation(session, [&](Conversation& found, bool) {
    const std::size_t before = found.bytes;
    found.empty(session, options_.clock->wall());
    bytes_ -= before - found.bytes;
    found.last_active = conversations_.tick();
    receipt = write_down(found, found.next_place());
  });
  if (auto written = wait(receipt); !written) return written.error();
  return session.session_id;
}

Result<std::string> LocalMemory::get_or_create_session(const SessionNaming& naming) {
  const SessionNaming session = named(naming);
  Journal::Receipt receipt = kNothingToWaitFor;
  with_conversation(session, [&](Conversation& found, bool created) {
    if (created) receipt = write_down(found, found.next_place());
  });
  if (auto written = wait(receipt); !written) return written.error();
  return session.session_id;
}

Result<std::optional<SessionInfo>> LocalMemory::session(std::string_view session_id) {
  const Pin conversation = conversations_.find(session_id);
  if (!conversation) return std::optional<SessionInfo>();
  const std::scoped_lock lock(conversation->guard);
  return std::optional(conversation->info());
}

Result<bool> LocalMemory::add_events(std::string_view session_id, std::vector<MemoryEvent> events) {
  const Pin conversation = conversations_.find(session_id);
  Journal::Receipt receipt = kNothingToWaitFor;
  bool known = false;
  if (conversation) {
    const std::scoped_lock lock(conversation->guard);
    known = !conversation->removed;
    if (known) receipt = append(*conversation, std::move(events));
  }
  if (!known) {
    log::warning("pais.memory", "events for an unknown session are not stored");
    return false;
  }
  keep_to_byte_limit(*conversation);
  if (auto written = wait(receipt); !written) return written.error();
  return true;
}

Result<std::vector<MemoryEvent>> LocalMemory::events(std::string_view session_id, const EventQuery& query) {
  const Pin conversation = conversations_.find(session_id);
  if (!conversation) return std::vector<MemoryEvent>();
  const std::scoped_lock lock(conversation->guard);
  return conversation->select(query);
}

Result<SessionPage> LocalMemory::sessions(const SessionQuery& query) {
  const auto after = read_cursor(query.after);
  if (!after) return after.error();
  SessionPage page;
  std::uint64_t last = 0;
  for (const auto& conversation : conversations_.all()) {
    if (conversation->number <= *after) continue;
    if (query.user_id) {
      const std::scoped_lock lock(conversation->guard);
      if (conversation->user_id() != *query.user_id) continue;
    }
    if (query.limit != 0 && page.ids.size() == query.limit) {
      page.next = std::to_string(last);
      break;
    }
    page.ids.push_back(conversation->session_id);
    last = conversation->number;
  }
  return page;
}

Result<bool> LocalMemory::delete_session(std::string_view session_id) {
  const Pin conversation = conversations_.find(session_id);
  if (!conversation) return false;
  const auto receipt = remove(conversation.shared(), Removal::in_any_case);
  if (!receipt) return false;
  if (auto written = wait(*receipt); !written) return written.error();
  return true;
}

Result<std::size_t> LocalMemory::clear() {
  std::size_t removed = 0;
  Journal::Receipt last = kNothingToWaitFor;
  for (const auto& conversation : conversations_.all()) {
    const auto receipt = remove(conversation, Removal::in_any_case);
    if (!receipt) continue;
    last = *receipt;
    ++removed;
  }
  if (auto written = wait(last); !written) return written.error();
  return removed;
}

Result<MemoryStats> LocalMemory::stats() {
  MemoryStats stats;
  for (const auto& conversation : conversations_.all()) {
    const std::scoped_lock lock(conversation->guard);
    ++stats.sessions;
    stats.events += conversation->events().size();
  }
  return stats;
}

Result<std::size_t> LocalMemory::forget_older_than(std::chrono::seconds age) {
  const auto oldest_kept = options_.clock->wall() - age;
  std::size_t removed = 0;
  Journal::Receipt last = kNothingToWaitFor;
  for (const auto& conversation : conversations_.all()) {
    {
      const std::scoped_lock lock(conversation->guard);
      if (conversation->updated_at() > oldest_kept) continue;
    }
    const auto receipt = remove(conversation, Removal::only_if_idle);
    if (!receipt) continue;
    last = *receipt;
    ++removed;
  }
  if (auto written = wait(last); !written) return written.error();
  return removed;
}

std::unique_ptr<Memory> local_memory(LocalOptions options) {
  return std::make_unique<LocalMemory>(options);
}

}  // namespace pais::memory
