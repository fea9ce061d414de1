#include "load/open_loop.h"

#include <algorithm>
#include <deque>
#include <vector>

#include "load/pool.h"

namespace pais::bench {
namespace {

constexpr std::chrono::seconds kPatienceForStragglers{5};

class Requests {
 public:
  explicit Requests(const OpenLoop& plan) : plan_(plan), pool_(plan.target) {}

  Result<void> connect() {
    due_.resize(static_cast<std::size_t>(plan_.clients));
    for (std::size_t client = 0; client < due_.size(); ++client) free_.push_back(client);
    return pool_.connect(plan_.clients);
  }

  Tally run() {
    const auto apart = std::chrono::nanoseconds(1'000'000'000 / plan_.rate);
    auto next = Clock::now();
    counting_from_ = next + plan_.warm_up;
    const auto end = counting_from_ + plan_.measure;

    while (next < end) {
      for (const auto now = Clock::now(); next <= std::min(now, end); next += apart) waiting_.push_back(next);
      send_waiting();
      hear(next - Clock::now());
    }
    wait_for_stragglers(Clock::now() + kPatienceForStragglers);
    tally_.lasted = plan_.measure;
    return std::move(tally_);
  }

 private:
  void send_waiting() {
    while (!waiting_.empty() && !free_.empty()) {
      const auto client = free_.back();
      free_.pop_back();
      due_[client] = waiting_.front();
      waiting_.pop_front();
      pool_.ask(client);
    }
  }

  void hear(std::chrono::nanoseconds patience) {
    pool_.listen(patience, [&](std::size_t client, const std::string& failure) {
      if (due_[client] >= counting_from_) tally_.count(Clock::now() - due_[client], failure);
      free_.push_back(client);
    });
  }

  std::size_t unanswered() const { return waiting_.size() + due_.size() - free_.size(); }

  void wait_for_stragglers(Clock::time_point deadline) {
    while (unanswered() > 0 && Clock::now() < deadline) {
      hear(deadline - Clock::now());
      send_waiting();
    }
    for (auto left = unanswered(); left > 0; --left) tally_.fail("no answer");
  }

  const OpenLoop& plan_;
  Pool pool_;
  std::vector<Clock::time_point> due_;  // by client: when its request should have left
  std::vector<std::size_t> free_;
  std::deque<Clock::time_point> waiting_;
  Clock::time_point counting_from_;
  Tally tally_;
};

}  // namespace

Result<Tally> run(const OpenLoop& plan) {
  Requests requests(plan);
  auto connected = requests.connect();
  if (!connected) return connected.error();
  return requests.run();
}

}  // namespace pais::bench
