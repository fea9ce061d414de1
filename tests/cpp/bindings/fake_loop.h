// A loop such as Python's: one thread that watches the descriptor, takes errands and answers each.
#pragma once

#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "bindings/errands.h"

namespace pais::bindings {

class FakeLoop {
 public:
  using Answer = std::function<void(Errands&, const Errand&)>;  // on the loop's thread

  FakeLoop(Errands& errands, Answer answer);
  ~FakeLoop();

  // What it has been asked so far: "method arguments", or "given up".
  std::vector<std::string> asked();

 private:
  void run(const std::stop_token& stop);

  Errands& errands_;
  const Answer answer_;
  std::mutex mutex_;
  std::vector<std::string> asked_;  // guarded by the mutex
  std::jthread thread_;             // the last member: ends first
};

}  // namespace pais::bindings
