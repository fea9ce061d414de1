// One keep-alive connection of a client: asks, and reads the answer as it comes. For one thread.
#pragma once

#include <string_view>
#include <vector>

#include "base/result.h"
#include "load/answer_reader.h"
#include "load/target.h"
#include "wire/socket.h"

namespace pais::bench {

class Connection {
 public:
  // What reads of all connections of a thread go through.
  class Scratch {
   public:
    Scratch() : bytes_(64 * 1024) {}

   private:
    friend class Connection;
    std::vector<char> bytes_;
  };

  Connection() = default;  // to nobody
  static Result<Connection> open(const Endpoint& server);

  int fd() const { return socket_.number(); }
  const Fd& socket() const { return socket_; }

  // Writes all of `bytes`, waiting where the socket is full. False when the connection is gone.
  bool write(std::string_view bytes);

  // Reads what is there.
  AnswerReader::State read(Scratch& scratch, BodySink* sink = nullptr);

  // Of the latest answer.
  int status() const { return reader_.status(); }
  bool must_close() const { return reader_.closes(); }

 private:
  explicit Connection(Fd socket) : socket_(std::move(socket)) {}

  Fd socket_;
  AnswerReader reader_;
};

}  // namespace pais::bench
