// What a measurement is told as: lines for people, or one JSON object for scripts.
#pragma once

#include <string>

#include "load/hold.h"
#include "load/paired.h"
#include "load/streams.h"
#include "load/tally.h"

namespace pais::bench {

// Times are in milliseconds, in both forms. `cpu_seconds` is what this process has cost so far.
std::string in_words(const Tally& tally);
std::string in_words(const PairedTally& tally);
std::string in_words(const StreamsTally& tally);
std::string in_words(const HoldTally& tally);

std::string in_json(const Tally& tally);
std::string in_json(const PairedTally& tally);
std::string in_json(const StreamsTally& tally);
std::string in_json(const HoldTally& tally);

}  // namespace pais::bench
