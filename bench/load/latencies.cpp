#include "load/latencies.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>

namespace pais::bench {
namespace {

// Values below 2^7 have a bucket each; above, every power of two is cut into 2^7 buckets of equal width.
constexpr unsigned kPrecision = 7;
constexpr std::size_t kBuckets = (64 - kPrecision + 1) << kPrecision;

std::size_t bucket_of(std::uint64_t value) {
  const unsigned width = static_cast<unsigned>(std::bit_width(value));
  if (width <= kPrecision + 1) return value;
  const unsigned shift = width - kPrecision - 1;
  return (static_cast<std::size_t>(shift) << kPrecision) + (value >> shift);
}

// The largest value that falls into the bucket.
std::uint64_t top_of(std::size_t bucket) {
  if (bucket < (std::size_t{2} << kPrecision)) return bucket;
  const std::size_t shift = (bucket >> kPrecision) - 1;
  const std::uint64_t mantissa = bucket - (shift << kPrecision);
  return ((mantissa + 1) << shift) - 1;
}

}  // namespace

Latencies::Latencies() : buckets_(kBuckets) {}

void Latencies::record(std::chrono::nanoseconds took) {
  const auto value = std::max(took, std::chrono::nanoseconds{0});
  ++buckets_[bucket_of(static_cast<std::uint64_t>(value.count()))];
  ++count_;
  max_ = std::max(max_, value);
}

void Latencies::merge(const Latencies& other) {
  for (std::size_t i = 0; i < buckets_.size(); ++i) buckets_[i] += other.buckets_[i];
  count_ += other.count_;
  max_ = std::max(max_, other.max_);
}

std::chrono::nanoseconds Latencies::percentile(double share) const {
  if (count_ == 0) return std::chrono::nanoseconds{0};
  const auto wanted = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(std::ceil(share * count_)));
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < buckets_.size(); ++i) {
    seen += buckets_[i];
    if (seen >= wanted) return std::min(max_, std::chrono::nanoseconds{top_of(i)});
  }
  return max_;
}

}  // namespace pais::bench
