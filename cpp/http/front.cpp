#include "http/front.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <optional>
#include <sys/socket.h>
#include <system_error>
#include <utility>

#include "base/home_process.h"
#include "base/ids.h"
#include "base/log.h"
#include "http/live_exchange.h"
#include "http/response.h"

namespace pais::http {
namespace {

constexpr std::string_view kLogger = "pais.server";
constexpr std::size_t kMostWorkers = 16'384;
constexpr std::size_t kOtherWorkers = 64;  // beside the runs
constexpr auto kLook = std::chrono::milliseconds(20);
// At the end: for runs that were cut short to say so, and for the rest of a request to arrive.
constexpr auto kFarewell = std::chrono::seconds(1);

// The client's own id when it is 1 to 128 visible ASCII characters.
std::string request_id(std::string_view offered) {
  const bool decent = !offered.empty() && offered.size() <= 128 &&
                      std::ranges::all_of(offered, [](char c) { return c > 0x20 && c < 0x7f; });
  return decent ? std::string(offered) : random_hex(32);
}

}  // namespace

Front::Front(ServerOptions options, std::vector<Route> routes)
    : options_(std::move(options)), routes_(std::move(routes)), bodies_(options_.limits.bodies_bytes) {}

Result<void> Front::start() {
  auto listeners = options_.listens ? Listener::open(options_.host, options_.port) : std::vector<Listener>();
  if (!listeners) return listeners.error();
  if (options_.listens) port_ = listeners->front().port();
  const bool loopback =
      options_.listens && std::ranges::all_of(*listeners, [](const Listener& each) { return each.loopback(); });
  gate_ = std::make_unique<Gate>(options_, loopback);
  if (options_.auth_required && !gate_->has_keys()) {
    return Error{.code = Code::invalid_setting, .cause = "AGENT_AUTH_REQUIRED is on and there is no AGENT_API_KEY"};
  }
  if (options_.listens && !loopback && !options_.auth_required) {
    log::warning(kLogger, "listening beyond this machine without an API key: whoever reaches port " +
                              std::to_string(port_) + " can use this agent (AGENT_AUTH_REQUIRED, AGENT_API_KEY)");
  }

  workers_ = std::make_unique<Workers>(options_.limits.runs == 0 ? kMostWorkers : options_.limits.runs + kOtherWorkers);
  reactor_ = std::make_unique<Reactor>(*std::move(listeners), options_.limits.connections,
                                       Reactor::Callbacks{.make =
                                                              [this](int fd, const sockaddr_storage& peer) {
                                                                return std::make_shared<Inbound>(
                                                                    fd, peer, options_.limits, *this);
                                                              },
                                                          .tick = [this](Instant now) { on_tick(now); }});
  return reactor_->start();
}

Result<void> Front::adopt(OwnedFd socket) {
  sockaddr_storage peer{};
  socklen_t size = sizeof peer;
  const int fd = socket.value();
  const bool ready = ::getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &size) == 0 &&
                     ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK) == 0 &&
                     ::fcntl(fd, F_SETFD, FD_CLOEXEC) == 0;
  if (!ready) {
    return Error{.code = Code::unreachable,
                 .cause = "no connected socket to serve: " + std::generic_category().message(errno)};
  }
  if (reactor_->adopt(std::move(socket), peer)) return {};
  return Error{.code = Code::draining, .cause = "no more connections are taken"};
}

// ------------------------------------------------------------------------------------------- a request comes in

std::unique_ptr<Arrival> Front::on_head(const Inbound& inbound, const Head& head) {
  auto arrival = std::make_unique<Arrival>(Arrival{.share = BodyShare(bodies_)});
  arrival->ancient = head.minor_version == 0;
  if (auto parsed = parser_.parse(head)) {
    arrival->request = *std::move(parsed);
    settle(head, *arrival);
  } else {
    arrival->request.method = head.method;  // HEAD has no body, come what may
    arrival->refuse(parsed.error());
  }
  arrival->request.peer = inbound.peer();
  arrival->request.id = request_id(arrival->request.header("X-Request-ID"));
  return arrival;
}

// Everything that can be said of a request before its body is read.
void Front::settle(const Head& head, Arrival& arrival) {
  const RouteTable::Match match = routes_.find(head.method, head.path());
  arrival.route = match.route;
  const Access access = match.route != nullptr ? match.route->access : Access::key;
  const std::size_t body_limit = options_.limits.body_bytes;

  if (auto refusal = gate_->refuse(arrival.request, head.host, access)) {
    arrival.refuse(*refusal);
  } else if (head.compressed) {
    arrival.refuse({.code = Code::unsupported_encoding, .cause = "a compressed body"});
  } else if (head.body == Head::Body::sized && body_limit != 0 && head.content_length > body_limit) {
    arrival.refuse({.code = Code::payload_too_large, .cause = "Content-Length over the limit"});
  } else if (match.route != nullptr) {
    arrival.request.path_parameter = match.path_parameter;
  } else if (match.allowed.empty() && head.target != "*") {
    arrival.refuse({.code = Code::not_found, .cause = "no such path"});
  } else if (head.method == "OPTIONS") {
    arrival.answer = gate_->preflight(arrival.request, match.allowed.empty() ? "OPTIONS" : match.allowed);
  } else {
    arrival.refuse({.code = Code::method_not_allowed, .cause = "another method"});
    arrival.answer->headers.emplace_back("Allow", match.allowed);
  }
}

void Front::on_request(const std::shared_ptr<Inbound>& inbound, std::unique_ptr<Arrival> arrival) {
  if (arrival->request.id.empty()) {  // not even a head
    arrival->request.id = random_hex(32);
    arrival->request.peer = inbound->peer();
  }
  if (draining_) inbound->close_after_answer();
  const auto exchange = std::make_shared<LiveExchange>(shared_from_this(), inbound, std::move(*arrival));

  const Arrival& settled = exchange->arrival();
  if (!settled.answer) return dispatch(exchange);
  exchange->send(*settled.answer);
}

void Front::dispatch(const std::shared_ptr<LiveExchange>& exchange) {
  const Lane lane = exchange->route()->lane;
  if (lane == Lane::at_once) return LiveExchange::handle(exchange);
  {
    const std::scoped_lock lock(mutex_);
    live_.emplace(exchange.get(), exchange);
  }
  if (lane == Lane::run) return line_up(exchange);
  begin_work(exchange);
}

// A run begins at once, waits for its turn, or is turned away.
void Front::line_up(const std::shared_ptr<LiveExchange>& exchange) {
  if (draining_) {
    exchange->reply(Error{.code = Code::draining, .cause = "draining"});
    return;
  }
  {
    const std::scoped_lock lock(mutex_);
    const Limits& limits = options_.limits;
    if (limits.runs == 0 || runs_ < limits.runs) {
      ++runs_;
      exchange->counts_as_run = true;
    } else if (line_.size() < limits.waiting) {
      line_.push_back({exchange, std::chrono::steady_clock::now() + limits.wait_for_run});
      return;
    }
  }
  if (exchange->counts_as_run) return begin_work(exchange);
  exchange->reply(Error{.code = Code::too_many_runs, .cause = "the waiting line is full"});
}

void Front::begin_work(std::shared_ptr<LiveExchange> exchange) {
  work_on([exchange = std::move(exchange)] { LiveExchange::handle(exchange); });
}

void Front::next_in_line() {
  std::shared_ptr<LiveExchange> next;
  {
    const std::scoped_lock lock(mutex_);
    if (line_.empty() || runs_ >= options_.limits.runs) return;
    next = std::move(line_.front().exchange);
    line_.pop_front();
    ++runs_;
    next->counts_as_run = true;
  }
  begin_work(std::move(next));
}

void Front::over(LiveExchange& exchange) {
  {
    const std::scoped_lock lock(mutex_);
    live_.erase(&exchange);
    if (exchange.counts_as_run) --runs_;
    changed_.notify_all();
  }
  if (exchange.counts_as_run) next_in_line();
}

void Front::on_tick(Instant now) {
  turn_away_waiting(Code::too_many_runs, now);
  if (!closed_) return;
  reactor_->close_idle(now - kLook);
  reactor_->for_each([this](Inbound& inbound) { inbound.hurry(last_call_); });
}

// Those who have waited long enough; with Instant::max() all of them.
void Front::turn_away_waiting(Code code, Instant now) {
  std::vector<std::shared_ptr<LiveExchange>> turned_away;
  {
    const std::scoped_lock lock(mutex_);
    while (!line_.empty() && line_.front().until <= now) {
      turned_away.push_back(std::move(line_.front().exchange));
      line_.pop_front();
    }
  }
  for (const auto& exchange : turned_away) exchange->reply(Error{.code = code, .cause = "waited for a run to end"});
}

void Front::wake(std::shared_ptr<Inbound> inbound) {
  reactor_->wake(std::move(inbound));
}

void Front::count_bytes(std::size_t in, std::size_t out) {
  if (in != 0) bytes_in_.fetch_add(in, std::memory_order_relaxed);
  if (out != 0) bytes_out_.fetch_add(out, std::memory_order_relaxed);
}

// ------------------------------------------------------------------------------------------- who looks on

// What was no request has nothing to be followed by.
Follower::End Front::follow(Arrival& arrival) const {
  if (!options_.follower || arrival.request.method.empty()) return {};
  return options_.follower->follow(arrival.request, arrival.pattern());
}

void Front::answered(const LiveExchange& exchange, int status, std::optional<Code> code) {
  const Request& request = exchange.request();
  const Route* route = exchange.route();
  const Answered answer{.method = request.method,
                        .route = exchange.arrival().pattern(),
                        .version = exchange.arrival().ancient ? "1.0" : "1.1",
                        .status = status,
                        .code = code,
                        .took = std::chrono::steady_clock::now() - exchange.started(),
                        .client_left = exchange.gone().stop_requested() && !exchange.cut_short()};
  if (options_.observer != nullptr) options_.observer->answered(answer);
  if (exchange.follower_end()) exchange.follower_end()(answer);
  const bool quiet = route != nullptr && route->quiet;
  const log::Level level = quiet ? log::Level::debug : log::Level::info;
  if (!options_.access_log || !log::enabled(level)) return;
  const log::Scope scope(exchange.about());
  std::string line = "INFO:     " + request.peer + " - \"" + request.method + " " + request.path + " HTTP/1.1\" ";
  line.append(std::to_string(status)).append(" ").append(reason_phrase(status));
  log::write_plain(level, "pais.access", line);
}

Stats Front::stats() const {
  Stats stats{.connections = reactor_->connections(), .workers = workers_->threads(), .bodies_bytes = bodies_.held()};
  stats.bytes_in = bytes_in_.load(std::memory_order_relaxed);
  stats.bytes_out = bytes_out_.load(std::memory_order_relaxed);
  const std::scoped_lock lock(mutex_);
  stats.exchanges = live_.size();
  stats.runs = runs_;
  stats.waiting = line_.size();
  return stats;
}

// ------------------------------------------------------------------------------------------- the end

void Front::drain(std::chrono::milliseconds delay, std::chrono::milliseconds grace) {
  const Instant begun = std::chrono::steady_clock::now();
  draining_ = true;
  turn_away_waiting(Code::draining, Instant::max());
  {
    // Load balancers take a moment to see that we are not ready; who comes meanwhile is still answered.
    std::unique_lock lock(mutex_);
    changed_.wait_until(lock, begun + delay, [&] { return stopped_; });
  }
  reactor_->post([this] {
    reactor_->let_nobody_in();
    last_call_ = std::chrono::steady_clock::now() + kFarewell;
    closed_ = true;
  });
  if (!wait_until_over(begun + std::max(delay, grace))) {
    cut_short();
    wait_until_over(std::chrono::steady_clock::now() + kFarewell);
  }
  stop();
}

// Waits until nothing is being worked on and every connection has had its last answer; the ticks close the idle ones.
bool Front::wait_until_over(Instant until) {
  std::unique_lock lock(mutex_);
  while (!stopped_ && !(live_.empty() && closed_ && reactor_->connections() == 0)) {
    if (std::chrono::steady_clock::now() >= until) return false;
    changed_.wait_for(lock, kLook);
  }
  return true;
}

void Front::cut_short() {
  std::vector<std::shared_ptr<LiveExchange>> living;
  {
    const std::scoped_lock lock(mutex_);
    for (const auto& [address, exchange] : live_) living.push_back(exchange.lock());
  }
  // Told outside the lock: who hears of it may end his exchange in the same breath.
  for (const auto& exchange : living) {
    if (exchange) exchange->cut();
  }
}

void Front::stop() {
  {
    std::unique_lock lock(mutex_);
    if (std::exchange(stopped_, true)) return changed_.wait(lock, [&] { return ended_; });
    changed_.notify_all();
  }
  draining_ = true;
  cut_short();
  reactor_->stop();
  turn_away_waiting(Code::draining, Instant::max());
  workers_->close();
  const std::scoped_lock lock(mutex_);
  ended_ = true;
  changed_.notify_all();
}

// ------------------------------------------------------------------------------------------- its face

namespace {

// What a forked child has of its parent's server. Its end would wait for threads that are not there.
void never_destroyed(std::shared_ptr<Front> front) {
  static auto& kept = *new std::vector<std::shared_ptr<Front>>;
  kept.push_back(std::move(front));
}

class RunningServer : public Server {
 public:
  RunningServer(ServerOptions options, std::vector<Route> routes)
      : front_(std::make_shared<Front>(std::move(options), std::move(routes))) {}
  ~RunningServer() override {
    stop();
    if (started_in_ && !serves()) never_destroyed(front_);
  }

  Result<void> start() override {
    started_in_.emplace();  // before there are threads that ask
    auto started = front_->start();
    if (!started) started_in_.reset();
    return started;
  }
  int port() const override { return front_->port(); }
  Result<void> adopt(int socket) override {
    OwnedFd owned(socket);
    if (serves()) return front_->adopt(std::move(owned));
    return Error{.code = Code::draining, .cause = "the server has not been started in this process"};
  }
  void drain(std::chrono::milliseconds delay, std::chrono::milliseconds grace) override {
    if (serves()) front_->drain(delay, grace);
  }
  bool draining() const override { return front_->draining(); }
  Stats stats() const override { return serves() ? front_->stats() : Stats{}; }
  void stop() override {
    if (serves()) front_->stop();
  }

 private:
  bool serves() const { return started_in_ && started_in_->is_here(); }

  const std::shared_ptr<Front> front_;
  std::optional<HomeProcess> started_in_;
};

}  // namespace

std::unique_ptr<Server> Server::create(ServerOptions options, std::vector<Route> routes) {
  return std::make_unique<RunningServer>(std::move(options), std::move(routes));
}

}  // namespace pais::http
