// The GIL, given up while this lives, by a thread that Python may end.
//
// At the interpreter's end a daemon thread that asks for the GIL again is unwound there and then (before Python 3.14).
// A destructor that may not throw, as that of pybind11's `gil_scoped_release`, turns this into the end of the process.
#pragma once

#include <pybind11/pybind11.h>

namespace pais::bindings {

class Unlocked {
 public:
  Unlocked() : thread_(PyEval_SaveThread()) {}
  ~Unlocked() noexcept(false) { PyEval_RestoreThread(thread_); }
  Unlocked(const Unlocked&) = delete;
  Unlocked& operator=(const Unlocked&) = delete;

 private:
  PyThreadState* const thread_;
};

// For a whole function that Python calls.
using WithoutGil = pybind11::call_guard<Unlocked>;

}  // namespace pais::bindings
