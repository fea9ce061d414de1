// Threads for work that blocks: as many as there is work, up to a limit, gone again when idle.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>

namespace pais {

// From any thread. Tasks must not throw. Stacks are small (see the .cpp), so that thousands of waiting runs fit. In a
// forked child there are no threads to do anything: tasks are dropped, and nothing is waited for.
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

}  // namespace pais
