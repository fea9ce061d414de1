// Other agents as tools: `delegate_to_<name>` hands a task to one of them and gives back what it answers.
//
// Where models would refuse that for a name, it is one like it. Every agent's tool is offered always, reachable or not;
// a delegation that fails is a result that says so to the model, and never ends the turn. The agents' cards are read in
// the background, for the descriptions alone.
//
// What a call sends along: the last messages of the conversation, the trace, where the task comes from and what may be
// spent on it (see handover_headers.h). An agent that stands above this run already is not asked again, and no chain
// of agents grows longer than `max_depth`.
//
// From any thread. One thread an agent keeps its card; calls are made on the threads of their runs.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "tools/delegation/peer.h"
#include "tools/toolset.h"

namespace pais::tools::delegation {

struct DelegationOptions {
  std::string agent;  // our own name
  std::vector<PeerAddress> peers = {};
  std::size_t context_limit = 6;  // messages of the conversation that a task brings along; 0: all
  bool with_context = true;       // false: the task alone
  bool same_session = false;      // a peer keeps one conversation for all turns of a session
  int max_depth = 8;
  std::chrono::milliseconds timeout{60'000};  // of a call; 0: none
  std::chrono::milliseconds refresh{60'000};  // of the cards
  std::string allowed_hosts = {};             // see AddressRule
  std::shared_ptr<http::CallFollower> follower = {};
};

struct PeerStatus {
  std::string name;
  Peer::State state = Peer::State::unknown;
};

class DelegationToolset : public Toolset {
 public:
  // In the order of DelegationOptions::peers.
  virtual std::vector<PeerStatus> peers() const = 0;

  // Reads no cards from here on; the background is over when it returns.
  virtual void close() = 0;
};

// Null when there are no peers.
std::shared_ptr<DelegationToolset> open_delegation(DelegationOptions options);

}  // namespace pais::tools::delegation
