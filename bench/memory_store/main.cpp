// pais-memory-load: fills a store with conversations, then asks it from many threads and tells how fast it was.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "base/ids.h"
#include "memory/memory.h"
#include "memory_store/bare.h"
#include "memory_store/measure.h"
#include "wire/arguments.h"

namespace pais::bench {
namespace {

constexpr const char* kUsage = R"(usage: pais-memory-load --store local | sqlite | redis | bare [options]

  bare asks a Redis on a Unix socket for nothing, over and over, then to keep a turn with three plain commands: what a
  round trip costs at the least, and what a turn does

  --path FILE --redis-url URL  where it is (sqlite, redis)
  --sessions 1000 --events 500 what is in it before anything is measured
  --threads 1                  who asks at once
  --seconds 3                  for each of history, append and turn
)";

constexpr std::size_t kAtOnce = 100;     // events in one call, while filling
constexpr std::size_t kTextBytes = 200;  // of an event
constexpr std::size_t kContext = 6;      // messages of a turn's history

struct Plan {
  std::string store;
  std::string path;
  std::string redis_url;
  std::size_t sessions = 0;
  std::size_t events = 0;
  int threads = 0;
  std::chrono::duration<double> time{0};
};

Result<std::unique_ptr<memory::Memory>> open(const Plan& plan) {
  const memory::LocalOptions local{
      .max_sessions = plan.sessions, .max_session_events = plan.events, .max_bytes = std::size_t{2} << 30};
  if (plan.store == "local") return memory::local_memory(local);
  if (plan.store == "sqlite") return memory::sqlite_memory(plan.path, local);
  if (plan.store == "redis") {
    return memory::redis_memory({.url = plan.redis_url,
                                 .agent = "bench",
                                 .max_sessions = plan.sessions,
                                 .max_session_events = plan.events,
                                 .strict = true});
  }
  return Error{.code = Code::invalid_setting, .cause = "there is no store '" + plan.store + "'"};
}

std::string session_id(std::size_t number) {
  return "session-" + std::to_string(number);
}

memory::MemoryEvent event(std::size_t number, const std::string& run_id) {
  const auto type = number % 2 == 0 ? memory::EventType::user_message : memory::EventType::agent_response;
  return memory::make_event(type, {.text = std::string(kTextBytes, 'x')}, {.run_id = run_id});
}

Result<void> fill(memory::Memory& store, const Plan& plan) {
  for (std::size_t session = 0; session < plan.sessions; ++session) {
    if (auto made = store.create_session({.session_id = session_id(session)}); !made) return made.error();
    for (std::size_t at = 0; at < plan.events; at += kAtOnce) {
      std::vector<memory::MemoryEvent> events;
      for (std::size_t i = at; i < std::min(plan.events, at + kAtOnce); ++i) {
        events.push_back(event(i, "run_" + std::to_string(i / 2)));
      }
      if (auto added = store.add_events(session_id(session), std::move(events)); !added) return added.error();
    }
  }
  return {};
}

bool append(memory::Memory& store, const std::string& session_id) {
  return static_cast<bool>(store.add_event(session_id, event(0, "run_bench")));
}

bool history(memory::Memory& store, const std::string& session_id) {
  const auto told = store.history(session_id, kContext);
  return told && !told->empty();
}

bool turn(memory::Memory& store, const std::string& session_id) {
  auto opened = store.open_turn(
      {.session_id = session_id, .mark = {.run_id = new_run_id()}, .prompt = std::string(kTextBytes, 'x')});
  if (!opened || opened->busy_for) return false;
  std::vector<memory::MemoryEvent> answer{event(1, opened->mark.run_id)};
  return static_cast<bool>(store.close_turn(*std::move(opened), std::move(answer)));
}

// What `use` does with the sessions of one thread, at random. Each thread has its own: turns of one session would wait
// for each other.
using Use = bool (*)(memory::Memory& store, const std::string& session_id);

Measured measure_use(memory::Memory& store, const Plan& plan, Use use) {
  const auto own = std::max<std::size_t>(plan.sessions / static_cast<std::size_t>(plan.threads), 1);
  return measure(plan.threads, plan.time, [&](std::size_t thread) -> Ask {
    return [&store, use, own, thread, chance = std::minstd_rand(static_cast<unsigned>(thread + 1))]() mutable {
      return use(store, session_id(thread * own + chance() % own));
    };
  });
}

int failed(const Error& error) {
  std::fprintf(stderr, "%s\n", error.describe().c_str());
  return 1;
}

Result<Measured> measure_bare(const Plan& plan, Result<Ask> (*ask_of)(const std::string& url)) {
  Result<void> reached;
  const Measured found = measure(plan.threads, plan.time, [&](std::size_t) -> Ask {
    auto asks = ask_of(plan.redis_url);
    if (asks) return *std::move(asks);
    reached = asks.error();
    return [] { return false; };
  });
  if (!reached) return reached.error();
  return found;
}

int run_bare(const Plan& plan) {
  const auto pings = measure_bare(plan, ping);
  if (!pings) return failed(pings.error());
  const auto turns = measure_bare(plan, keep_turn);
  if (!turns) return failed(turns.error());
  std::printf("{");
  print("ping", *pings);
  std::printf(",");
  print("turn", *turns);
  std::printf("}\n");
  return 0;
}

int run(const Plan& plan) {
  auto store = open(plan);
  if (!store) return failed(store.error());
  const auto begin = std::chrono::steady_clock::now();
  if (auto filled = fill(**store, plan); !filled) return failed(filled.error());
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  // The history first, while sessions hold whole turns.
  const Measured told = measure_use(**store, plan, history);
  const Measured appended = measure_use(**store, plan, append);
  const Measured turned = measure_use(**store, plan, turn);
  std::printf("{\"fill_seconds\":%.2f,", took.count());
  print("history", told);
  std::printf(",");
  print("append", appended);
  std::printf(",");
  print("turn", turned);
  std::printf("}\n");
  return 0;
}

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fputs(kUsage, stderr);
    return 2;
  }
  Arguments arguments(argc, argv, 1);
  Plan plan{.store = arguments.text("store", "local"),
            .path = arguments.text("path", ""),
            .redis_url = arguments.text("redis-url", "")};
  plan.sessions = static_cast<std::size_t>(arguments.number("sessions", 1000, 1, 1'000'000));
  plan.events = static_cast<std::size_t>(arguments.number("events", 500, 1, 1'000'000));
  plan.threads = static_cast<int>(arguments.number("threads", 1, 1, 256));
  plan.time = std::chrono::duration<double>(arguments.seconds("seconds", 3));
  if (auto verdict = arguments.verdict(); !verdict) {
    std::fprintf(stderr, "%s\n%s", verdict.error().cause.c_str(), kUsage);
    return 2;
  }
  return plan.store == "bare" ? run_bare(plan) : run(plan);
}

}  // namespace
}  // namespace pais::bench

int main(int argc, char** argv) {
  return pais::bench::main(argc, argv);
}
