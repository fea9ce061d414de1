// The fake model: an OpenAI chat server that knows its answers by heart.
//
// One thread, one epoll loop. The tokens of a stream are marked with the time they leave at (wire/token_mark.h).
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <string>
#include <unordered_map>

#include "fake_model/answers.h"
#include "wire/epoll.h"
#include "wire/socket.h"

namespace pais::bench {

// A whole answer leaves so long after its request came; a stream's first token at once, and each further one so long
// after the one before.
struct Pace {
  std::chrono::nanoseconds answer{0};
  std::chrono::nanoseconds token{0};
};

class FakeModel {
 public:
  FakeModel(Fd listener, const AnswerOptions& answers, Pace pace);

  // Serves until the process ends.
  [[noreturn]] void serve();

 private:
  struct Client {
    std::uint64_t name = 0;
    Fd socket;
    std::string input = {};
    std::string output = {};      // what the socket did not take yet
    std::size_t tokens_sent = 0;  // of the stream that is under way
    bool streams = false;
    bool thinks = false;  // its whole answer is not due yet
    bool wants_usage = false;
    bool gone = false;
  };

  // A stream's next token, or a whole answer.
  struct Due {
    MonotonicTime at;
    std::uint64_t client;
  };

  void wait_for(MonotonicTime at, const Client& client);
  std::chrono::nanoseconds until_next_due() const;
  void send_due();

  void welcome();
  void hear(std::uint64_t name, std::uint32_t events);
  void read_input(Client& client);
  void answer_waiting(Client& client);
  void answer(Client& client, const RawRequest& request);
  void answer_chat(Client& client, const ChatAsked& asked);

  void send_text(Client& client);
  // Sends what is due of the client's stream, and notes when the next token is.
  void continue_stream(Client& client, MonotonicTime due);

  void send(Client& client, std::string_view bytes);
  void flush(Client& client);
  void forget_if_gone(const Client& client);

  Fd listener_;
  const Answers answers_;
  const Pace pace_;
  Epoll epoll_;
  std::unordered_map<std::uint64_t, Client> clients_;
  std::uint64_t next_name_ = 1;
  std::deque<Due> due_;  // in order of time
  std::string scratch_;
};

}  // namespace pais::bench
