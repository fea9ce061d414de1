// What a run knows of the runs above and below it, when agents delegate to each other.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace pais::tools {

// Who stands above a run.
struct Lineage {
  int depth = 0;                       // delegations between the user and this run; 0: the user asked us
  std::vector<std::string> path = {};  // the agents above, outermost first, as far as they named themselves
};

// What a run may still spend on what it delegates; absent: as much as the other agent likes.
struct Allowance {
  std::optional<std::int64_t> steps = {};
  std::optional<std::int64_t> tokens = {};
};

}  // namespace pais::tools
