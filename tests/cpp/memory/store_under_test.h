// What the shared suite needs to know of a store, and the words its tests are written in.
#pragma once

#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "gtest/gtest.h"

#include "memory/memory.h"
#include "turning_clock.h"

namespace pais::memory {

struct StoreLimits {
  std::size_t max_sessions = 1000;
  std::size_t max_session_events = 500;
};

// Keeps alive whatever the store stands on: a file, a server.
struct OpenStore {
  std::shared_ptr<void> ground = {};
  std::unique_ptr<Memory> memory = {};
};

struct StoreUnderTest {
  std::string name;
  std::function<OpenStore(const StoreLimits& limits, const Clock& clock)> open;
  bool keeps = true;
};

inline void PrintTo(const StoreUnderTest& store, std::ostream* out) {
  *out << store.name;
}

inline std::string store_name(const testing::TestParamInfo<StoreUnderTest>& store) {
  return store.param.name;
}

std::vector<StoreUnderTest> all_stores();
std::vector<StoreUnderTest> keeping_stores();

class AnyMemory : public testing::TestWithParam<StoreUnderTest> {
 protected:
  void SetUp() override { open({}); }

  void open(const StoreLimits& limits) {
    store_.memory.reset();
    store_ = GetParam().open(limits, clock_);
    ASSERT_NE(store_.memory, nullptr);
  }

  Memory& memory() { return *store_.memory; }

  TurningClock clock_;

 private:
  OpenStore store_;
};

// --- the words ---

inline TurnOpening opening(const std::string& session_id, const std::string& prompt, const std::string& run_id) {
  return {.session_id = session_id, .mark = {.run_id = run_id}, .prompt = prompt};
}

Turn open_turn(Memory& memory, const TurnOpening& opening);
Turn open_turn(Memory& memory, const std::string& session_id, const std::string& prompt);

void answer(Memory& memory, Turn turn, const std::string& text);
void fail(Memory& memory, Turn turn);

// One whole turn.
void remember(Memory& memory, const std::string& session_id, const std::string& prompt, const std::string& text = "ok");

// "user: hello", "assistant: ok"
std::vector<std::string> lines(const std::vector<events::Utterance>& history);
std::vector<std::string> history(Memory& memory, const std::string& session_id, std::size_t limit = 6);

// "user_message \"hello\""
std::vector<std::string> lines(const std::vector<MemoryEvent>& events);
std::vector<std::string> stored(Memory& memory, const std::string& session_id, const EventQuery& query = {});

std::vector<std::string> session_ids(Memory& memory);
MemoryEvent note(EventType type, const std::string& text, const std::string& run_id = {});

}  // namespace pais::memory
