// The process an object was made in.
#pragma once

#include <cstdint>

namespace pais {

// A child that was forked, and has not called exec, finds copies of all objects. But of the threads it has only the one
// that forked, locks that another held are held for ever, and sockets still lead to the parent's peers. Who owns such
// things remembers his home, and leaves them alone elsewhere. What the child makes for itself is at home there.
//
// Sees `fork` of the C library, not bare system calls. From any thread.
class HomeProcess {
 public:
  HomeProcess() : generation_(generation()) {}
  bool is_here() const { return generation_ == generation(); }

 private:
  static std::uint64_t generation();  // how many forks lead from the first process to this one

  std::uint64_t generation_;
};

}  // namespace pais
