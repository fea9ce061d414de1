// The agent card: what other agents, and people's tools, read to learn what this one can do.
//
// It is written from lists that are at hand: no request for it ever causes another one.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "agent/agent.h"
#include "http/server.h"
#include "server/open_tools.h"
#include "server/public_url.h"
#include "server/readiness.h"

namespace pais::server {

struct CardSource {
  std::string name;
  std::string description;
  std::string version;
  PublicUrlOptions url = {};
  std::function<int()> port;
  std::shared_ptr<agent::Agent> agent;
  std::shared_ptr<HostTools> tools;  // null: none
  std::shared_ptr<const Readiness> readiness;
  std::chrono::milliseconds patience{2'000};  // from now on: so long a card waits for the first lists
};

// GET /.well-known/agent.json, the same at /.well-known/agent-card.json, and in other words at
// /.well-known/agent-configuration. Open to everybody.
std::vector<http::Route> card_routes(CardSource source);

}  // namespace pais::server
