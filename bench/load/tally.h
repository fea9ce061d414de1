// What a measurement came to.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>

#include "load/latencies.h"

namespace pais::bench {

using Clock = std::chrono::steady_clock;

struct Tally {
  Latencies latencies = {};
  std::uint64_t failed = 0;  // another status than 200, a broken answer, or none at all
  std::string first_failure = {};
  std::chrono::milliseconds lasted{0};

  void count(std::chrono::nanoseconds took, const std::string& failure) {
    if (failure.empty()) return latencies.record(took);
    fail(failure);
  }

  void fail(const std::string& why) {
    if (failed++ == 0) first_failure = why;
  }

  void merge(const Tally& other) {
    latencies.merge(other.latencies);
    if (failed == 0) first_failure = other.first_failure;
    failed += other.failed;
    lasted = std::max(lasted, other.lasted);
  }

  double per_second() const {
    const std::chrono::duration<double> seconds = lasted;
    return seconds.count() > 0 ? static_cast<double>(latencies.count()) / seconds.count() : 0;
  }
};

}  // namespace pais::bench
