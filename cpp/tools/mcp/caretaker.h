// What a server's connection asks of whoever looks after all of them.
#pragma once

#include <functional>

namespace pais::tools::mcp {

class RemoteServer;

// From any thread.
class Caretaker {
 public:
  virtual ~Caretaker() = default;

  // Does it soon, on a borrowed thread; false when there is none, as in a forked child. Once everything is being closed
  // it may never be done.
  virtual bool run_errand(std::function<void()> errand) = 0;
  // `server` may have changed: it is looked after soon.
  virtual void hurry(const RemoteServer& server) = 0;
};

}  // namespace pais::tools::mcp
