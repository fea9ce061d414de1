#include "load/report.h"

#include <cstdio>
#include <sys/resource.h>

#include "nlohmann/json.hpp"

namespace pais::bench {
namespace {

using Json = nlohmann::ordered_json;

double milliseconds(std::chrono::nanoseconds time) {
  return std::chrono::duration<double, std::milli>(time).count();
}

std::string milliseconds_text(std::chrono::nanoseconds time) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.3f ms", milliseconds(time));
  return text;
}

double cpu_seconds() {
  rusage used = {};
  getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

std::string words(const Latencies& latencies) {
  return "p50 " + milliseconds_text(latencies.percentile(0.50)) + "  p90 " +
         milliseconds_text(latencies.percentile(0.90)) + "  p99 " + milliseconds_text(latencies.percentile(0.99)) +
         "  max " + milliseconds_text(latencies.max());
}

Json json(const Latencies& latencies) {
  return {{"count", latencies.count()},
          {"p50_ms", milliseconds(latencies.percentile(0.50))},
          {"p90_ms", milliseconds(latencies.percentile(0.90))},
          {"p99_ms", milliseconds(latencies.percentile(0.99))},
          {"max_ms", milliseconds(latencies.max())}};
}

std::string failure_words(std::uint64_t failed, const std::string& first) {
  return failed == 0 ? "" : "  FAILED " + std::to_string(failed) + " (first: " + first + ")";
}

Json json(const Tally& tally) {
  return {{"requests", tally.latencies.count()},
          {"failed", tally.failed},
          {"first_failure", tally.first_failure},
          {"per_second", tally.per_second()},
          {"latency", json(tally.latencies)}};
}

std::string finished(Json report) {
  report["cpu_seconds"] = cpu_seconds();
  return report.dump();
}

}  // namespace

std::string in_words(const Tally& tally) {
  char rate[48];
  std::snprintf(rate, sizeof(rate), "%.0f requests/s  ", tally.per_second());
  return rate + words(tally.latencies) + failure_words(tally.failed, tally.first_failure);
}

std::string in_words(const PairedTally& tally) {
  return "asked    " + in_words(tally.target) + "\nagainst  " + in_words(tally.against) + "\nadded    p50 " +
         milliseconds_text(tally.added_p50) + "  p99 " + milliseconds_text(tally.added_p99);
}

std::string in_words(const StreamsTally& tally) {
  return std::to_string(tally.whole) + " streams whole, " + std::to_string(tally.broken) + " broken" +
         failure_words(static_cast<std::uint64_t>(tally.broken), tally.first_failure) + ", " +
         std::to_string(tally.tokens) + " tokens (" + std::to_string(tally.merged) + " merged) in " +
         milliseconds_text(tally.lasted) + "\ndelay of a token  " + words(tally.delay) + "\nto the first token  " +
         words(tally.first_token);
}

std::string in_words(const HoldTally& tally) {
  return "opened again: " + std::to_string(tally.reopened_idle) + " idle, " + std::to_string(tally.reopened_half_sent) +
         " half-sent";
}

std::string in_json(const Tally& tally) {
  return finished(json(tally));
}

std::string in_json(const PairedTally& tally) {
  return finished({{"target", json(tally.target)},
                   {"against", json(tally.against)},
                   {"added_p50_ms", milliseconds(tally.added_p50)},
                   {"added_p99_ms", milliseconds(tally.added_p99)}});
}

std::string in_json(const StreamsTally& tally) {
  return finished({{"whole", tally.whole},
                   {"broken", tally.broken},
                   {"first_failure", tally.first_failure},
                   {"tokens", tally.tokens},
                   {"merged", tally.merged},
                   {"lasted_ms", milliseconds(tally.lasted)},
                   {"delay", json(tally.delay)},
                   {"first_token", json(tally.first_token)}});
}

std::string in_json(const HoldTally& tally) {
  return finished({{"reopened_idle", tally.reopened_idle}, {"reopened_half_sent", tally.reopened_half_sent}});
}

}  // namespace pais::bench
