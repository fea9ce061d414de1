// The connections of one thread, waited on together.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "base/result.h"
#include "load/connection.h"
#include "load/wording.h"
#include "wire/epoll.h"

namespace pais::bench {

class Pool {
 public:
  explicit Pool(const Target& target) : target_(target), wording_(target) {}

  // Clients are numbered from 0.
  Result<void> connect(int count);

  // Asks, unless the client has lost its connection for good.
  void ask(std::size_t client);

  // Waits up to `patience` and calls `on_answer(client, failure)` for each answer that is through; `failure` is empty
  // when it was a whole 200. A connection that broke or must be closed has been replaced by then.
  template <typename OnAnswer>
  void listen(std::chrono::nanoseconds patience, OnAnswer&& on_answer) {
    for (const auto& event : epoll_.wait(patience)) {
      if (read(event.data.u64)) on_answer(event.data.u64, failure_);
    }
  }

 private:
  struct Client {
    Connection connection;
    bool waits = false;
  };

  // True when an answer is through; `failure_` tells what was wrong with it.
  bool read(std::size_t name);
  void judge(const Connection& connection, AnswerReader::State state);
  void reconnect(std::size_t name);

  const Target& target_;
  Wording wording_;
  Epoll epoll_;
  std::vector<Client> clients_;
  Connection::Scratch scratch_;
  std::string failure_;
};

}  // namespace pais::bench
