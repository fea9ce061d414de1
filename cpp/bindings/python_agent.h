// The agent that lives in Python, as the host sees it; and the host, as Python sees it: two queues of plain messages.
//
// A run blocks its worker's thread as every agent's does. It leaves a message for Python's loop and waits for what the
// loop says of it. C++ to Python is a queue and a descriptor that the loop watches; many messages ride on one wake-up.
// Python to C++ is a call that appends to a queue and returns: it never waits, so it may hold the GIL. Nothing here
// knows of Python's own types.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "agent/agent.h"

namespace pais::bindings {

using RunNumber = std::uint64_t;

// To the loop: begin this run, or stop it.
struct Message {
  RunNumber run = 0;
  bool cancel = false;
  std::string session_id = {};
  agent::RunRequest request = {};  // of a begin
};

class PythonAgent final : public agent::Agent {
 public:
  PythonAgent();
  ~PythonAgent() override;
  PythonAgent(const PythonAgent&) = delete;
  PythonAgent& operator=(const PythonAgent&) = delete;

  // A worker's thread. Returns when the loop has said how the turn ended; after a stop it waits a little for that, and
  // then ends the turn without it: user code may be blocking the loop.
  void run(const agent::RunRequest& request, events::RunSink& sink, std::stop_token stop) override;

  // --- The loop's thread ---

  int descriptor() const { return bell_; }  // readable when there are messages
  std::vector<Message> take();
  // What happened in a run. Of a run that is over it is dropped.
  void tell(RunNumber run, events::Happening what);
  // No loop takes messages any more: every run ends, and so does each that still comes.
  void close();

 private:
  struct Run {
    std::mutex mutex;
    std::condition_variable_any changed;
    std::deque<events::Happening> told;  // guarded by the mutex
  };

  void leave(Message message);

  int bell_ = -1;
  std::mutex mutex_;  // guards all below
  bool closed_ = false;
  RunNumber last_ = 0;
  std::vector<Message> messages_;
  std::unordered_map<RunNumber, std::shared_ptr<Run>> runs_;
};

}  // namespace pais::bindings
