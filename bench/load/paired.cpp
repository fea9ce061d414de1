#include "load/paired.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "load/pool.h"

namespace pais::bench {
namespace {

constexpr std::chrono::seconds kPatience{10};

// One client that asks and waits.
class Asker {
 public:
  explicit Asker(const Target& target) : pool_(target) {}

  Result<void> connect() { return pool_.connect(1); }

  // How long the answer took; none when there was no good one.
  std::optional<std::chrono::nanoseconds> ask(Tally& tally) {
    const auto asked = Clock::now();
    std::optional<std::chrono::nanoseconds> took;
    bool heard = false;
    pool_.ask(0);
    while (!heard && Clock::now() - asked < kPatience) {
      pool_.listen(kPatience, [&](std::size_t, const std::string& failure) {
        heard = true;
        const auto waited = Clock::now() - asked;
        tally.count(waited, failure);
        if (failure.empty()) took = waited;
      });
    }
    if (!heard) tally.fail("no answer");
    return took;
  }

 private:
  Pool pool_;
};

std::chrono::nanoseconds percentile(std::vector<std::chrono::nanoseconds>& values, double share) {
  if (values.empty()) return std::chrono::nanoseconds{0};
  const auto place = values.begin() + static_cast<std::ptrdiff_t>(share * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), place, values.end());
  return *place;
}

}  // namespace

Result<PairedTally> run(const Paired& plan) {
  Asker target(plan.target);
  Asker against(plan.against);
  for (auto* asker : {&target, &against}) {
    auto connected = asker->connect();
    if (!connected) return connected.error();
  }

  const auto counting_from = Clock::now() + plan.warm_up;
  PairedTally tally;
  Tally warming;
  while (Clock::now() < counting_from && warming.failed == 0) {
    against.ask(warming);
    target.ask(warming);
  }

  std::vector<std::chrono::nanoseconds> added;
  const auto end = Clock::now() + plan.measure;
  while (Clock::now() < end) {
    const auto without = against.ask(tally.against);
    const auto with = target.ask(tally.target);
    if (with && without) added.push_back(*with - *without);
  }
  tally.target.lasted = tally.against.lasted = plan.measure;
  tally.added_p50 = percentile(added, 0.50);
  tally.added_p99 = percentile(added, 0.99);
  return tally;
}

}  // namespace pais::bench
