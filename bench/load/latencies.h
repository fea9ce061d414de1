// How long things took: counts in buckets that grow with the value, so that a billion samples fit into 60 KiB and
// recording one costs an addition. A percentile is off by less than 1 %; the maximum is exact.
#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

namespace pais::bench {

class Latencies {
 public:
  Latencies();

  void record(std::chrono::nanoseconds took);
  void merge(const Latencies& other);

  std::uint64_t count() const { return count_; }
  std::chrono::nanoseconds max() const { return max_; }

  // The time that `share` (0…1) of all samples did not exceed; 0 when there are none.
  std::chrono::nanoseconds percentile(double share) const;

 private:
  std::vector<std::uint64_t> buckets_;
  std::uint64_t count_ = 0;
  std::chrono::nanoseconds max_{0};
};

}  // namespace pais::bench
