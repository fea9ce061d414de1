// Many streams of server-sent events at once, each read to its end and checked word by word: every token of the fake
// model (wire/token_mark.h) must come, in order and in an event of its own, and then `[DONE]`.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/result.h"
#include "load/tally.h"
#include "load/target.h"

namespace pais::bench {

struct Streams {
  Target target;
  int streams = 100;
  std::size_t tokens = 50;            // that each stream must bring
  std::chrono::milliseconds ramp{0};  // the first requests of all streams leave within this time
  std::chrono::seconds patience{120};
};

struct StreamsTally {
  int whole = 0;
  int broken = 0;
  std::string first_failure = {};
  std::uint64_t tokens = 0;
  std::uint64_t merged = 0;    // tokens that shared their event with an earlier one
  Latencies delay = {};        // of each token, from the fake model's write to our read
  Latencies first_token = {};  // from the request to the first token
  std::chrono::nanoseconds lasted{0};
};

// All connections are open before the first request leaves.
Result<StreamsTally> run(const Streams& plan);

}  // namespace pais::bench
