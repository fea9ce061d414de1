// An Error becomes an exception of Python here, and nowhere else.
//
//   [](const Store& store, const std::string& id) { return value_or_raise(store.shared()->delete_session(id)); }
//
// `Raised` may be thrown without the GIL: pybind11 translates it when it has the GIL again. What Python is told is what
// our log is told, so it names hosts and paths, and never a secret.
#pragma once

#include <exception>
#include <pybind11/pybind11.h>
#include <string>
#include <utility>

#include "base/result.h"

namespace pais::bindings {

class Raised : public std::exception {
 public:
  explicit Raised(const Error& error) : code_(error.code), text_(error.describe()) {}

  Code code() const { return code_; }
  const char* what() const noexcept override { return text_.c_str(); }

 private:
  Code code_;
  std::string text_;
};

template <typename T>
T value_or_raise(Result<T> result) {
  if (!result) throw Raised(result.error());
  return *std::move(result);
}

inline void value_or_raise(const Result<void>& result) {
  if (!result) throw Raised(result.error());
}

// Makes the exception `MemoryUnavailable`, and teaches pybind11 what a Raised is.
void bind_exceptions(pybind11::module_& module);

}  // namespace pais::bindings
