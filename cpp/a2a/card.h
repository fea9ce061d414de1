// The agent card: what an agent tells of itself under /.well-known/agent.json. Values and their JSON; nothing here
// touches the network, or throws.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace pais::a2a {

struct Skill {
  std::string id;
  std::string name;
  std::string description;
};

struct Card {
  std::string name;
  std::string description;
  std::string url;
  std::string version;
  std::vector<Skill> skills = {};
};

// Our own, as it stands on the wire: the keys in the order of the contract, text that is not UTF-8 made so.
std::string write_card(const Card& card);

// The same in the snake_case words of /.well-known/agent-configuration.
std::string write_configuration(const Card& card);

// Somebody else's, with what a stranger left out filled in: `fallback_name` for a name, "unknown" for a version,
// nothing for the rest. Skills that are not whole are passed over, and all text is cut to a length that people can
// read. Code::malformed for what is no JSON object.
Result<Card> read_card(std::string_view body, std::string_view fallback_name);

}  // namespace pais::a2a
