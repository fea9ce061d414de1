// The headers by which agents tell each other where a delegated task comes from and what may be spent on it.
//
//   X-PAIS-Delegation-Depth   delegations between the user and the run that is asked for: 1, 2, …
//   X-PAIS-Delegation-Path    the agents above it, outermost first, percent-encoded, by commas
//   X-PAIS-Budget-Seconds     how long the answer is waited for, with a fraction
//   X-PAIS-Budget-Steps       model requests
//   X-PAIS-Budget-Tokens      tokens of input and output together
//
// Whoever is told a budget keeps the smaller of it and its own.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "http/message.h"
#include "tools/handover.h"

namespace pais::tools::delegation {

inline constexpr std::string_view kDepthHeader = "X-PAIS-Delegation-Depth";

struct Handover {
  Lineage lineage = {};  // of the run that is asked for
  std::optional<std::chrono::milliseconds> time = {};
  Allowance allowance = {};
};

// What may stand in a header beside commas: everything but letters, digits and `-._~` as `%XX`.
std::string percent_encoded(std::string_view text);

http::Headers to_headers(const Handover& handover);

// What cannot be read of a budget is as if it were not there. A depth that cannot be read counts as one delegation, and
// no lineage is longer than a chain can be.
Handover read_handover(const http::Headers& headers);

}  // namespace pais::tools::delegation
