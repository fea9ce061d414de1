// A session memory, as Python holds it: the faces in `pais.memory` are made of one, and so is what the host is given.
//
// Every method waits for its store, with the GIL given away, and raises what raise.h makes of an Error. From any
// thread. What is still open when the interpreter ends is closed before its modules go.
#pragma once

#include <memory>
#include <mutex>
#include <pybind11/pybind11.h>
#include <utility>

#include "memory/memory.h"

namespace pais::bindings {

class Store {
 public:
  // What can be let go of (a file, a network) is gone when the store is closed: it raises MemoryUnavailable from then
  // on. Everything else is still there.
  enum class Closing { keeps, lets_go };

  explicit Store(std::shared_ptr<memory::Memory> memory, Closing closing = Closing::keeps)
      : closing_(closing), memory_(std::move(memory)) {}
  // The last one who holds a memory waits for its threads: not with the GIL.
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  // For whoever asks it, or serves from it beside Python.
  std::shared_ptr<memory::Memory> shared() const;

  void close();

 private:
  const Closing closing_;
  mutable std::mutex mutex_;
  std::shared_ptr<memory::Memory> memory_;  // guarded by the mutex; null once it has been let go of
};

void bind_stores(pybind11::module_& module);

}  // namespace pais::bindings
