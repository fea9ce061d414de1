#include "store_under_test.h"

#include <utility>

#include "base/ids.h"

namespace pais::memory {

Turn open_turn(Memory& memory, const TurnOpening& opening) {
  auto turn = memory.open_turn(opening);
  EXPECT_TRUE(turn) << turn.error().describe();
  if (!turn) return {};
  return std::move(*turn);
}

Turn open_turn(Memory& memory, const std::string& session_id, const std::string& prompt) {
  return open_turn(memory, opening(session_id, prompt, new_run_id()));
}

void answer(Memory& memory, Turn turn, const std::string& text) {
  std::vector<MemoryEvent> events{make_event(EventType::agent_response, {.text = text}, turn.mark)};
  const auto closed = memory.close_turn(std::move(turn), std::move(events));
  EXPECT_TRUE(closed) << closed.error().describe();
}

void fail(Memory& memory, Turn turn) {
  std::vector<MemoryEvent> events{make_event(EventType::error, {.text = "The model failed."}, turn.mark)};
  const auto closed = memory.close_turn(std::move(turn), std::move(events));
  EXPECT_TRUE(closed) << closed.error().describe();
}

void remember(Memory& memory, const std::string& session_id, const std::string& prompt, const std::string& text) {
  answer(memory, open_turn(memory, session_id, prompt), text);
}

std::vector<std::string> lines(const std::vector<events::Utterance>& history) {
  std::vector<std::string> told;
  for (const auto& said : history) {
    told.push_back((said.speaker == events::Speaker::user ? "user: " : "assistant: ") + said.text);
  }
  return told;
}

std::vector<std::string> history(Memory& memory, const std::string& session_id, std::size_t limit) {
  const auto told = memory.history(session_id, limit);
  EXPECT_TRUE(told) << told.error().describe();
  return told ? lines(*told) : std::vector<std::string>();
}

std::vector<std::string> lines(const std::vector<MemoryEvent>& events) {
  std::vector<std::string> told;
  for (const auto& event : events) told.push_back(std::string(type_name(event)) + " " + content_json(event));
  return told;
}

std::vector<std::string> stored(Memory& memory, const std::string& session_id, const EventQuery& query) {
  const auto events = memory.events(session_id, query);
  EXPECT_TRUE(events) << events.error().describe();
  return events ? lines(*events) : std::vector<std::string>();
}

std::vector<std::string> session_ids(Memory& memory) {
  const auto page = memory.sessions({});
  EXPECT_TRUE(page) << page.error().describe();
  return page ? page->ids : std::vector<std::string>();
}

MemoryEvent note(EventType type, const std::string& text, const std::string& run_id) {
  return make_event(type, {.text = text}, {.run_id = run_id});
}

}  // namespace pais::memory
