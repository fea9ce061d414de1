// Something with threads, locks or files of its own, that a forked child must leave alone.
#pragma once

#include <memory>
#include <utility>

#include "base/home_process.h"

namespace pais::memory {

// Destroys it in the process it was made in. In a child it stays as it is, for what it would wait for is not there, and
// what it would close is the parent's.
template <typename T>
class AtHome {
 public:
  explicit AtHome(std::unique_ptr<T> owned) : owned_(std::move(owned)) {}
  ~AtHome() {
    if (!is_here()) static_cast<void>(owned_.release());
  }
  AtHome(const AtHome&) = delete;
  AtHome& operator=(const AtHome&) = delete;

  bool is_here() const { return home_.is_here(); }
  explicit operator bool() const { return owned_ != nullptr; }
  T* operator->() const { return owned_.get(); }
  T& operator*() const { return *owned_; }

 private:
  const HomeProcess home_;
  std::unique_ptr<T> owned_;
};

}  // namespace pais::memory
