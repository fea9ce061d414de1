#include "memory_store/measure.h"

#include <cstdio>
#include <thread>
#include <vector>

namespace pais::bench {
namespace {

using std::chrono::steady_clock;

void repeat(const Ask& ask, steady_clock::time_point end, Measured& found) {
  for (auto before = steady_clock::now(); before < end;) {
    if (!ask()) ++found.failed;
    const auto after = steady_clock::now();
    found.latencies.record(after - before);
    before = after;
  }
}

double micros(std::chrono::nanoseconds time) {
  return static_cast<double>(time.count()) / 1000;
}

}  // namespace

Measured measure(int threads, std::chrono::duration<double> time, const std::function<Ask(std::size_t)>& ask_of) {
  std::vector<Measured> found(static_cast<std::size_t>(threads));
  std::vector<Ask> asks;
  for (std::size_t i = 0; i < found.size(); ++i) asks.push_back(ask_of(i));

  const auto begin = steady_clock::now();
  const auto end = begin + std::chrono::duration_cast<steady_clock::duration>(time);
  {
    std::vector<std::jthread> running;
    for (std::size_t i = 0; i < found.size(); ++i) running.emplace_back([&, i] { repeat(asks[i], end, found[i]); });
  }
  const std::chrono::duration<double> took = steady_clock::now() - begin;

  Measured all;
  for (const Measured& one : found) {
    all.latencies.merge(one.latencies);
    all.failed += one.failed;
  }
  all.per_second = static_cast<double>(all.latencies.count()) / took.count();
  return all;
}

void print(const char* name, const Measured& found) {
  std::printf("\"%s\":{\"per_second\":%.1f,\"p50_us\":%.2f,\"p99_us\":%.2f,\"max_us\":%.2f,\"failed\":%zu}", name,
              found.per_second, micros(found.latencies.percentile(0.5)), micros(found.latencies.percentile(0.99)),
              micros(found.latencies.max()), found.failed);
}

}  // namespace pais::bench
