#include "telemetry/sampler.h"

#include <cmath>

namespace pais::telemetry {
namespace {

double share_of(Sampler kind, std::optional<double> share) {
  switch (kind) {
    case Sampler::always_on:
    case Sampler::parent_always_on:
      return 1;
    case Sampler::always_off:
    case Sampler::parent_always_off:
      return 0;
    case Sampler::ratio:
    case Sampler::parent_ratio:
      break;
  }
  return share.value_or(1);
}

bool asks_parent(Sampler kind) {
  return kind == Sampler::parent_always_on || kind == Sampler::parent_always_off || kind == Sampler::parent_ratio;
}

}  // namespace

TraceSampler::TraceSampler(Sampler kind, std::optional<double> share)
    : follows_parent_(asks_parent(kind)), limit_(0), all_(share_of(kind, share) >= 1) {
  if (!all_) limit_ = static_cast<std::uint64_t>(std::ldexp(share_of(kind, share), 64));
}

bool TraceSampler::keeps(const TraceId& trace_id, std::optional<bool> parent_kept) const {
  if (follows_parent_ && parent_kept) return *parent_kept;
  return all_ || is_in_share(trace_id);
}

TraceContext TraceSampler::place_below(const TraceContext& parent) const {
  const bool is_root = !parent.valid();
  TraceContext place{.trace_id = is_root ? new_trace_id() : parent.trace_id,
                     .span_id = new_span_id(),
                     .state = is_root ? std::string() : parent.state};
  const bool kept = keeps(place.trace_id, is_root ? std::nullopt : std::optional(parent.sampled()));
  place.flags = kept ? TraceContext::kSampled : std::uint8_t{0};
  return place;
}

bool TraceSampler::is_in_share(const TraceId& trace_id) const {
  std::uint64_t lowest = 0;
  for (std::size_t i = 8; i < trace_id.size(); ++i) lowest = lowest << 8U | trace_id[i];
  return lowest < limit_;
}

}  // namespace pais::telemetry
