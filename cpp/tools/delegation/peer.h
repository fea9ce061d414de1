// One other agent that tasks can be delegated to.
//
// From any thread. `ask` blocks until there is an answer, the limit of time is over, or the stop comes; nothing is
// thrown. Redirects are not followed. A request is sent a second time only when nothing of the first was sent.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/circuit.h"
#include "events/run_event.h"
#include "events/values.h"
#include "http/client.h"
#include "telemetry/propagation.h"
#include "tools/delegation/address_rule.h"
#include "tools/delegation/card_keeper.h"
#include "tools/delegation/chat_reply.h"
#include "tools/delegation/handover_headers.h"

namespace pais::tools::delegation {

struct PeerAddress {
  std::string name;
  std::string url;           // without a slash at the end; may hold credentials
  std::string api_key = {};  // of the X-API-Key header; empty: none
};

struct Task {
  std::string text;
  std::vector<events::Utterance> context = {};  // what was said before, oldest first
  std::string session_id = {};                  // of the conversation there; empty: a new one
  telemetry::TraceHeaders trace = {};
  Handover handover = {};
  std::chrono::milliseconds time{60'000};
  bool time_is_the_agents = true;  // false: the run has less time left than an agent is given, which is not its fault
  bool stream = false;             // somebody wants to hear of its progress
};

// How a task came out: a text that the agent gave, or why there is none; and what it cost, as far as that was said.
struct Outcome {
  std::optional<std::string> failure = {};  // "Agent math timed out"
  std::string text = {};
  events::Usage usage = {};
};

class Peer {
 public:
  using OnCard = std::function<void()>;

  // `on_card` hears that `card()` has changed, on a thread of the peer.
  Peer(PeerAddress address, std::shared_ptr<const http::Client> client, const AddressRule& rule,
       std::chrono::milliseconds refresh, OnCard on_card);

  const std::string& name() const { return address_.name; }
  std::shared_ptr<const a2a::Card> card() const;

  enum class State { unknown, ready, unavailable };
  State state() const;

  Outcome ask(const Task& task, const ReplyStream::OnProgress& on_progress, const std::stop_token& stop);

  // The card is read no more. `close` waits until nothing happens in the background.
  void call_off();
  void close();

 private:
  class Asking;

  // A step of a turn must not cost the time limit of a call each time.
  static constexpr Circuit::Rests kRests{.first = std::chrono::seconds(5), .longest = std::chrono::seconds(5)};

  void hear(const CardKeeper::News& news);
  void note(const Asking& asking);

  const PeerAddress address_;
  const std::shared_ptr<const http::Client> client_;
  const OnCard on_card_;
  std::optional<Error> forbidden_;  // why it may not be called at all
  Circuit circuit_{kRests};

  mutable std::mutex mutex_;  // guards all below
  std::shared_ptr<const a2a::Card> card_;
  State state_ = State::unknown;
  bool tells_progress_ = false;
  std::unique_ptr<CardKeeper> keeper_;  // the last member: its thread calls `hear`
};

}  // namespace pais::tools::delegation
