#include "load/closed_loop.h"

#include <memory>
#include <thread>
#include <vector>

#include "load/pool.h"

namespace pais::bench {
namespace {

// The clients of one thread.
class Clients {
 public:
  explicit Clients(const ClosedLoop& plan) : plan_(plan), pool_(plan.target) {}

  Result<void> connect(int count) {
    asked_.resize(static_cast<std::size_t>(count));
    return pool_.connect(count);
  }

  Tally run() {
    const auto start = Clock::now();
    const auto counting_from = start + plan_.warm_up;
    const auto end = counting_from + plan_.measure;
    for (std::size_t client = 0; client < asked_.size(); ++client) ask(client, start);

    Tally tally{.lasted = plan_.measure};
    for (auto now = start; now < end; now = Clock::now()) {
      pool_.listen(end - now, [&](std::size_t client, const std::string& failure) {
        const auto heard = Clock::now();
        if (heard >= counting_from) tally.count(heard - asked_[client], failure);
        ask(client, heard);
      });
    }
    return tally;
  }

 private:
  void ask(std::size_t client, Clock::time_point now) {
    asked_[client] = now;
    pool_.ask(client);
  }

  const ClosedLoop& plan_;
  Pool pool_;
  std::vector<Clock::time_point> asked_;
};

}  // namespace

Result<Tally> run(const ClosedLoop& plan) {
  std::vector<std::unique_ptr<Clients>> groups;
  for (int i = 0; i < plan.threads; ++i) {
    const int share = plan.clients / plan.threads + (i < plan.clients % plan.threads ? 1 : 0);
    groups.push_back(std::make_unique<Clients>(plan));
    auto connected = groups.back()->connect(share);
    if (!connected) return connected.error();
  }

  std::vector<Tally> tallies(groups.size());
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 1; i < groups.size(); ++i) {
      threads.emplace_back([&, i] { tallies[i] = groups[i]->run(); });
    }
    tallies[0] = groups[0]->run();
  }
  for (std::size_t i = 1; i < tallies.size(); ++i) tallies[0].merge(tallies[i]);
  return std::move(tallies[0]);
}

}  // namespace pais::bench
