// The stores that may have a thread or a file of their own, so that they can be closed when the process ends: an object
// of Python that nobody has let go of by then is never destroyed.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "base/home_process.h"
#include "memory/memory.h"

namespace pais::bindings {

class OpenStores {
 public:
  // From any thread. A store that is gone is forgotten by itself.
  void add(const std::shared_ptr<memory::Memory>& store);

  // One at a time, however many threads wish it. In a child that was forked nothing is closed: the threads and locks of
  // a store are the parent's.
  void close(memory::Memory& store);
  void close_all();

 private:
  const HomeProcess home_;
  std::mutex closing_;
  std::mutex mutex_;  // guards all below
  std::vector<std::weak_ptr<memory::Memory>> stores_;
};

}  // namespace pais::bindings
