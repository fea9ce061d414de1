// What can happen in a run, as plain values.
//
// Everything an agent does in a turn is one ordered stream of RunEvents. A producer (the native loop, or pydantic-ai)
// makes it; whoever wants to know of a run listens: the chat writer, the recorder, the tracer, the log. Producers and
// listeners know nothing of each other.
//
// A run's events come in order, from one thread at a time, each with the next `sequence`. The first is TurnStarted and
// the last TurnEnded, whatever happens between. ModelCall*, ToolCall* and Delegation* come in pairs of a start and an
// end with the same id; the pairs of parallel calls interleave.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "base/error.h"
#include "events/values.h"

namespace pais::events {

// The turn: what was asked, and how it ended.
struct TurnStarted {
  std::string prompt;
  bool delegated = false;  // asked by another agent, not by a user
};

enum class FinishReason { stop, length, content_filter };

struct TurnEnded {
  std::string text;  // the final answer; what had been said so far when the turn failed
  FinishReason finish = FinishReason::stop;
  Usage usage;                 // the sum over the run
  std::optional<Error> error;  // why there is no answer
};

// One request to the model, and its answer. What is said in them is borrowed, so that telling of it costs nothing: it
// is there while the event is told, and for who keeps the event no longer.
struct ModelCallStarted {
  int step = 1;  // counts the model calls of the run
  std::string model;
  std::string provider;
  bool streaming = false;
  std::shared_ptr<const ModelServer> server = {};  // null: no network is between
  std::span<const Message> messages = {};
  std::span<const ToolOffer> tools = {};
  std::shared_ptr<const void> kept = {};  // keeps the two above alive, for a producer that tells later
};

struct ModelCallEnded {
  int step = 1;
  std::string model;  // as the server named it
  Usage usage;
  FinishReason finish = FinishReason::stop;
  std::optional<std::chrono::nanoseconds> first_token;  // from the start of the call
  std::optional<Error> error;
  std::string id = {};  // of the answer, as the server named it
  std::string_view text = {};
  std::span<const ToolCall> calls = {};
  std::shared_ptr<const void> kept = {};
};

// The model said more. `text` goes to the client as it is, at once.
struct TextDelta {
  std::string text;
};
struct ThinkingDelta {
  std::string text;
};

// The model asked for a tool, before anybody checked whether there is such a tool. `step` counts the model answers
// that asked for tools; the calls of one answer share it.
struct ToolCallRequested {
  ToolCall call;
  int step = 1;
  bool delegation = false;  // `call.tool` is `delegate_to_<agent>`
};

struct ToolCallStarted {
  ToolCall call;
};

// How far something has come that takes its time, in its own words.
struct Advance {
  std::optional<double> fraction;  // from 0 to 1; nothing when nobody knows how much there is to do
  std::string message;             // may be empty
};

struct ToolCallProgressed {
  std::string call_id;
  std::string tool;
  Advance so_far;
};

struct ToolCallEnded {
  ToolCall call;
  std::string result;  // JSON text when `is_json`, else plain text
  bool is_json = false;
  bool is_error = false;  // the model is told; the run goes on unless TurnEnded says otherwise
  bool is_retry = false;  // never ran: unknown tool, or arguments that do not fit
};

// A delegation runs inside the tool call of the same id.
struct DelegationStarted {
  std::string call_id;
  std::string agent;
  std::string task;
};

// The other agent, or one below it, asked for a tool of its own, or tells how far that has come. Told only while
// somebody listens to a stream.
struct DelegationProgressed {
  std::string call_id;
  std::string agent;  // who asked for it: "math", or "math/units" when math delegated to units
  int step = 1;
  int max_steps = 1;
  bool delegation = false;
  std::string target;             // the tool, or the agent that the task goes on to
  std::optional<Advance> so_far;  // nothing: it has just been asked for
};

struct DelegationEnded {
  std::string call_id;
  std::string agent;
  std::string result;
  Usage usage;  // of the other agent and those below it, not part of this run's sum
  bool is_error = false;
};

struct UsageObserved {
  Usage usage;
  std::string source;
};

struct MemoryTouched {
  enum class Kind { hydrated, added, persisted, unavailable };
  Kind kind = Kind::added;
  std::size_t items = 0;
};

struct BudgetExceeded {
  enum class Kind { steps, tokens, tool_calls, wall_clock };
  Kind kind = Kind::steps;
  double limit = 0;
  double actual = 0;
};

using Happening = std::variant<TurnStarted, TurnEnded, ModelCallStarted, ModelCallEnded, TextDelta, ThinkingDelta,
                               ToolCallRequested, ToolCallStarted, ToolCallProgressed, ToolCallEnded, DelegationStarted,
                               DelegationProgressed, DelegationEnded, UsageObserved, MemoryTouched, BudgetExceeded>;

// Now, by the clock that only goes forward and by the one that people read.
struct When {
  std::chrono::steady_clock::time_point at = std::chrono::steady_clock::now();
  std::chrono::system_clock::time_point time = std::chrono::system_clock::now();
};

struct RunEvent {
  std::uint64_t sequence = 0;
  std::chrono::steady_clock::time_point at;
  std::chrono::system_clock::time_point time;
  Happening what;
};

// For std::visit: one lambda a kind, so that a new kind will not compile unheard.
template <typename... Visitors>
struct Overloaded : Visitors... {
  using Visitors::operator()...;
};
template <typename... Visitors>
Overloaded(Visitors...) -> Overloaded<Visitors...>;  // clang 14 does not find it by itself

}  // namespace pais::events
