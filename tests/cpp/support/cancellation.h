// How quickly something gives up when it is told to.
#pragma once

#include <chrono>
#include <stop_token>
#include <thread>

#include "gtest/gtest.h"

#include "base/error.h"
#include "support/signal.h"

namespace pais::test {

// Runs `call(stop)`, which returns the Error it failed with, and stops it as soon as `under_way` is raised. Expects
// it to be `cancelled`; returns the time from the stop until the call was back.
template <typename Call>
std::chrono::milliseconds time_to_cancel(Signal& under_way, Call call) {
  std::stop_source stop;
  std::chrono::steady_clock::time_point stopped;
  std::jthread stopper([&] {
    EXPECT_TRUE(under_way.wait());
    stopped = std::chrono::steady_clock::now();
    stop.request_stop();
  });
  const Error error = call(stop.get_token());
  const auto back = std::chrono::steady_clock::now();
  stopper.join();
  EXPECT_EQ(error.code, Code::cancelled) << error.describe();
  return std::chrono::duration_cast<std::chrono::milliseconds>(back - stopped);
}

// The same for a call that is under way as soon as it is made.
template <typename Call>
std::chrono::milliseconds time_to_cancel(Call call) {
  Signal under_way;
  under_way.raise();
  return time_to_cancel(under_way, call);
}

}  // namespace pais::test
