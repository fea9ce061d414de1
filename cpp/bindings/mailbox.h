// What the host says to Python's loop: plain values in a queue, and a descriptor that the loop watches.
//
// Many messages ride on one wake-up. From any thread; taking is the loop's. Nothing here knows of Python's own types.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <variant>
#include <vector>

#include "agent/agent.h"
#include "base/result.h"
#include "model/model.h"
#include "tools/toolset.h"

namespace pais::bindings {

using RunNumber = std::uint64_t;
using CallNumber = std::uint64_t;

struct RunBegins {
  RunNumber run = 0;
  std::string session_id = {};
  agent::RunRequest request = {};
};

struct RunIsCancelled {
  RunNumber run = 0;
};

// Of a call to the model: more of its answer, in order, and then the whole of it.
struct ModelSays {
  CallNumber call = 0;
  std::string piece = {};
  bool thinking = false;
};

struct ModelAnswers {
  CallNumber call = 0;
  Result<model::Answer> answer;
};

// Of a call of one of the host's tools: what came of it.
struct ToolAnswers {
  CallNumber call = 0;
  Result<tools::ToolResult> result;
};

using Message = std::variant<RunBegins, RunIsCancelled, ModelSays, ModelAnswers, ToolAnswers>;

class Mailbox {
 public:
  Mailbox();
  ~Mailbox();
  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;

  // False when no loop takes messages any more.
  bool leave(Message message);
  // Messages of a loop that is gone are dropped, and none is taken from now on.
  void close();

  int descriptor() const { return bell_; }  // readable when there are messages
  std::vector<Message> take();

 private:
  int bell_ = -1;
  std::mutex mutex_;  // guards both
  bool closed_ = false;
  std::vector<Message> messages_;
};

}  // namespace pais::bindings
