// Threads for handlers that block: as many as there is work, up to a limit, gone again when idle.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>

namespace pais::http {

// From any thread. Tasks must not throw. Stacks are small (see the .cpp), so that thousands of waiting runs fit.
class Workers {
 public:
  explicit Workers(std::size_t most);
  ~Workers() { close(); }
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  // Dropped, with what it holds, after `close`.
  void submit(std::function<void()> task);
  // Takes no more tasks, and waits a second for those there are. A thread that does not end is left behind; its task
  // keeps alive what it holds.
  void close();
  std::size_t threads() const;

 private:
  struct Shared;
  std::shared_ptr<Shared> shared_;
};

}  // namespace pais::http
