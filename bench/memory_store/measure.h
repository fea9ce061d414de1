// How fast something goes when several threads do it again and again.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>

#include "load/latencies.h"

namespace pais::bench {

struct Measured {
  Latencies latencies;
  std::size_t failed = 0;
  double per_second = 0;
};

// True when it went well.
using Ask = std::function<bool()>;

// `ask_of(thread)` makes what one thread does; threads are numbered from 0.
Measured measure(int threads, std::chrono::duration<double> time, const std::function<Ask(std::size_t)>& ask_of);

// `"name":{…}`, with times in microseconds.
void print(const char* name, const Measured& found);

}  // namespace pais::bench
