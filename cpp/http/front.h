// The server's inside: routes, the gate, the line before the runs, and who is being served.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/workers.h"
#include "http/body_budget.h"
#include "http/gate.h"
#include "http/inbound.h"
#include "http/owned_fd.h"
#include "http/reactor.h"
#include "http/request_parser.h"
#include "http/routes.h"
#include "http/server.h"

namespace pais::http {

class LiveExchange;

// Shared by the Server and by every exchange that is still being answered: a handler that does not end keeps what it
// needs alive, though the server around it is gone.
class Front : public InboundOwner, public std::enable_shared_from_this<Front> {
 public:
  Front(ServerOptions options, std::vector<Route> routes);

  Result<void> start();
  Result<void> adopt(OwnedFd socket);
  void drain(std::chrono::milliseconds delay, std::chrono::milliseconds grace);
  void stop();

  int port() const { return port_; }
  bool draining() const { return draining_; }
  Stats stats() const;

  // InboundOwner
  std::unique_ptr<Arrival> on_head(const Inbound& inbound, const Head& head) override;
  void on_request(const std::shared_ptr<Inbound>& inbound, std::unique_ptr<Arrival> arrival) override;
  void wake(std::shared_ptr<Inbound> inbound) override;
  void count_bytes(std::size_t in, std::size_t out) override;
  std::span<char> scratch() override { return scratch_; }

  // For exchanges.
  Headers cors_headers(const Request& request) const { return gate_->cors_headers(request); }
  Follower::End follow(Arrival& arrival) const;
  void answered(const LiveExchange& exchange, int status, std::optional<Code> code);
  void over(LiveExchange& exchange);
  void work_on(std::function<void()> task) { workers_->submit(std::move(task)); }

 private:
  struct Waiting {
    std::shared_ptr<LiveExchange> exchange;
    Instant until;
  };

  void settle(const Head& head, Arrival& arrival);
  void dispatch(const std::shared_ptr<LiveExchange>& exchange);
  void line_up(const std::shared_ptr<LiveExchange>& exchange);
  void begin_work(std::shared_ptr<LiveExchange> exchange);
  void next_in_line();
  void on_tick(Instant now);
  void turn_away_waiting(Code code, Instant now);
  void cut_short();
  bool wait_until_over(Instant until);

  const ServerOptions options_;
  const RouteTable routes_;
  RequestParser parser_;                                      // the reactor's
  std::vector<char> scratch_ = std::vector<char>(16 * 1024);  // the reactor's
  Instant last_call_ = Instant::max();                        // the reactor's: when half a request is given up
  BodyBudget bodies_;
  std::unique_ptr<Gate> gate_;
  std::unique_ptr<Workers> workers_;
  std::unique_ptr<Reactor> reactor_;
  int port_ = 0;

  std::atomic<bool> draining_{false};
  std::atomic<bool> closed_{false};  // to newcomers
  std::atomic<std::uint64_t> bytes_in_{0};
  std::atomic<std::uint64_t> bytes_out_{0};

  mutable std::mutex mutex_;  // guards all below
  std::condition_variable changed_;
  bool stopped_ = false;
  bool ended_ = false;
  std::unordered_map<const LiveExchange*, std::weak_ptr<LiveExchange>> live_;
  std::size_t runs_ = 0;
  std::deque<Waiting> line_;
};

}  // namespace pais::http
