#include "load/hold.h"

#include <array>
#include <chrono>
#include <unistd.h>
#include <vector>

#include "load/connection.h"
#include "wire/epoll.h"

namespace pais::bench {
namespace {

constexpr std::chrono::seconds kPatience{60};

class Holder {
 public:
  explicit Holder(const Hold& plan) : plan_(plan) {}

  ~Holder() {
    for (const auto& held : held_) close_with_reset(held.connection.socket());
  }

  Result<void> open_all() {
    held_.resize(static_cast<std::size_t>(plan_.idle) + static_cast<std::size_t>(plan_.half_sent));
    for (std::size_t i = 0; i < held_.size(); ++i) {
      auto opened = open(i);
      if (!opened) return opened.error();
      listen(std::chrono::nanoseconds{0});
    }
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    while (answers_ < plan_.idle) {
      if (std::chrono::steady_clock::now() > deadline) {
        return Error{.code = Code::timed_out, .cause = "only " + std::to_string(answers_) + " were answered"};
      }
      listen(std::chrono::seconds{1});
    }
    return failure_;
  }

  Result<HoldTally> hold() {
    epoll_.add(STDIN_FILENO, kStandardInput);
    while (!ended_ && failure_) listen(std::chrono::hours{1});
    if (!failure_) return failure_.error();
    return tally_;
  }

 private:
  static constexpr std::uint64_t kStandardInput = ~std::uint64_t{0};

  struct Held {
    Connection connection;
    bool answered = false;
  };

  bool is_idle(std::size_t name) const { return name < static_cast<std::size_t>(plan_.idle); }

  Result<void> open(std::size_t name) {
    auto connection = Connection::open(plan_.target.server);
    if (!connection) return connection.error();
    const std::string_view request = plan_.target.request;
    connection->write(is_idle(name) ? request : request.substr(0, request.find("\r\n") + 8));
    epoll_.add(connection->fd(), name);
    held_[name].connection = std::move(*connection);
    return {};
  }

  void listen(std::chrono::nanoseconds patience) {
    for (const auto& event : epoll_.wait(patience)) {
      if (event.data.u64 == kStandardInput) {
        listen_to_standard_input();
      } else {
        hear(event.data.u64);
      }
    }
  }

  void listen_to_standard_input() {
    std::array<char, 256> ignored;
    ended_ = read(STDIN_FILENO, ignored.data(), ignored.size()) <= 0;
  }

  void hear(std::size_t name) {
    auto& held = held_[name];
    const auto state = held.connection.read(scratch_);
    if (state == AnswerReader::State::more) return;
    if (state == AnswerReader::State::whole && is_idle(name) && !held.connection.must_close()) {
      if (!std::exchange(held.answered, true)) ++answers_;
      return;
    }
    ++(is_idle(name) ? tally_.reopened_idle : tally_.reopened_half_sent);
    auto reopened = open(name);
    if (!reopened) failure_ = reopened.error();
  }

  const Hold& plan_;
  Epoll epoll_;
  std::vector<Held> held_;
  Connection::Scratch scratch_;
  int answers_ = 0;
  bool ended_ = false;
  Result<void> failure_;
  HoldTally tally_;
};

}  // namespace

Result<HoldTally> run(const Hold& plan, const std::function<void()>& on_ready) {
  Holder holder(plan);
  auto opened = holder.open_all();
  if (!opened) return opened.error();
  on_ready();
  return holder.hold();
}

}  // namespace pais::bench
