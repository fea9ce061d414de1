#include "tools/mcp/open_mcp.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <set>
#include <stop_token>
#include <utility>

#include "base/home_process.h"
#include "base/log.h"
#include "base/workers.h"
#include "tools/mcp/caretaker.h"
#include "tools/mcp/catalog.h"
#include "tools/mcp/counts.h"
#include "tools/mcp/outbox.h"
#include "tools/mcp/remote_server.h"

namespace pais::tools::mcp {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::string_view kLogger = "pais.mcp";
constexpr milliseconds kLeastBetweenLooks{50};
constexpr milliseconds kMostBetweenHurriedLooks{1'000};
constexpr milliseconds kFarewell{1'000};
constexpr std::size_t kThreadsForServer = 3 + Outbox::kMostAtOnce;  // looking, opening, listening, and letters
constexpr std::size_t kThreadsForAll = 16;

// All servers, and when to look after each. It lives until it is closed and the last borrowed thread is back.
class Household final : public Caretaker, public std::enable_shared_from_this<Household> {
 public:
  explicit Household(McpOptions options)
      : options_(std::move(options)), workers_(kThreadsForServer * options_.servers.size() + kThreadsForAll) {}

  void open(const std::shared_ptr<const http::Client>& client) {
    for (const ServerAddress& each : options_.servers) {
      servers_.push_back(std::make_shared<RemoteServer>(each, options_, client, weak_from_this()));
      watches_.push_back({.due = steady_clock::now()});
    }
    workers_.submit([self = shared_from_this()] { self->keep(); });
  }

  bool run_errand(std::function<void()> errand) override {
    if (!home_.is_here()) return false;
    workers_.submit(std::move(errand));
    return true;
  }

  void hurry(const RemoteServer& server) override {
    if (!home_.is_here()) return;
    for (std::size_t i = 0; i < servers_.size(); ++i) {
      if (servers_[i].get() == &server) hurry(i);
    }
  }

  ToolList tools() const { return catalog()->offered(); }

  Result<ToolResult> call(const events::ToolCall& call, const CallContext& context, const std::stop_token& stop) {
    const auto now = catalog();
    const Catalog::Route* route = now->find(call.tool);
    if (route == nullptr) {
      return ToolResult{.content = "The tool '" + call.tool + "' is not offered any more.", .is_error = true};
    }
    if (context.propagation) context.propagation->served_by(call.id, options_.servers[route->server].name);
    return servers_[route->server]->call(route->tool, call, context, stop);
  }

  std::vector<ServerStatus> statuses() const {
    using State = ServerStatus::State;
    std::vector<ServerStatus> all;
    const std::scoped_lock order(renewing_);
    for (std::size_t i = 0; i < servers_.size(); ++i) {
      ServerStatus& status = all.emplace_back(servers_[i]->status());
      // What is heard of a server is told once it shows in the tools that are offered.
      if (i < shelves_.size() && shelves_[i].offered) {
        status.state = State::ready;
        status.problem.reset();
      } else if (status.state == State::ready) {
        status.state = State::connecting;
      }
    }
    return all;
  }

  bool wait_until_tried(milliseconds within) const {
    std::unique_lock lock(mutex_);
    return looked_.wait_for(lock, within, [this] { return closed_ || std::ranges::all_of(watches_, &Watch::tried); });
  }

  void count_in(telemetry::Metrics& metrics) {
    for (const auto& server : servers_) {
      server->count_in(counts_.emplace_back(metrics, server->name()));
      observe(metrics, server);
    }
  }

  void close() {
    if (!home_.is_here()) return;
    {
      const std::scoped_lock lock(mutex_);
      if (std::exchange(closed_, true)) return;
    }
    closing_.request_stop();
    looked_.notify_all();
    for (const auto& each : servers_) each->close();
    say_goodbye();
    workers_.close();
  }

 private:
  struct Watch {
    steady_clock::time_point due;
    steady_clock::time_point last = {};
    milliseconds least = kLeastBetweenLooks;  // longer while looking itself is what makes us look again
    bool busy = false;
    bool again = false;
    bool tried = false;
  };

  bool all_tried() const {
    const std::scoped_lock lock(mutex_);
    return std::ranges::all_of(watches_, &Watch::tried);
  }

  std::shared_ptr<const Catalog> catalog() const {
    const std::scoped_lock lock(catalog_mutex_);
    return catalog_;
  }

  void hurry(std::size_t server) {
    const std::scoped_lock lock(mutex_);
    Watch& watch = watches_[server];
    watch.again = watch.busy;
    watch.due = std::min(watch.due, std::max(steady_clock::now(), watch.last + watch.least));
    changed_ = true;
    wake_.notify_all();
  }

  void keep() {
    const std::stop_token stop = closing_.get_token();
    std::unique_lock lock(mutex_);
    while (!stop.stop_requested()) {
      changed_ = false;
      auto next = steady_clock::time_point::max();
      for (std::size_t i = 0; i < watches_.size(); ++i) {
        Watch& watch = watches_[i];
        if (watch.busy) continue;
        if (watch.due > steady_clock::now()) {
          next = std::min(next, watch.due);
          continue;
        }
        watch.busy = true;
        workers_.submit([self = shared_from_this(), i] { self->look_after(i); });
      }
      const auto is_news = [this] { return changed_; };
      if (next == steady_clock::time_point::max()) {
        wake_.wait(lock, stop, is_news);
      } else {
        wake_.wait_until(lock, stop, next, is_news);
      }
    }
  }

  void look_after(std::size_t server) {
    const RemoteServer::Care care = servers_[server]->look_after();
    renew_catalog();
    if (!care.news.empty()) log::info(kLogger, care.news);
    const std::scoped_lock lock(mutex_);
    Watch& watch = watches_[server];
    watch.busy = false;
    watch.tried = true;
    watch.last = steady_clock::now();
    const bool hurried = std::exchange(watch.again, false);
    watch.least = hurried ? std::min(watch.least * 2, kMostBetweenHurriedLooks) : kLeastBetweenLooks;
    watch.due = watch.last + (hurried ? watch.least : care.rest);
    changed_ = true;
    wake_.notify_all();
    looked_.notify_all();
  }

  void renew_catalog() {
    const std::scoped_lock order(renewing_);
    std::vector<Shelf> shelves;
    for (const auto& each : servers_) {
      const bool ready = each->status().state == ServerStatus::State::ready;
      shelves.push_back({.server = each->name(), .tools = each->tools(), .offered = ready});
    }
    if (shelves == shelves_) return;
    shelves_ = std::move(shelves);
    // Until each server has been tried, names are given by the order of the servers alone.
    auto renewed = std::make_shared<const Catalog>(shelves_, all_tried() ? *catalog() : Catalog());
    for (const std::string& name : renewed->renamed()) {
      if (!told_.insert(name).second) continue;
      log::warning(kLogger, "The name of an MCP tool is taken: it is offered as " + name);
    }
    const std::scoped_lock lock(catalog_mutex_);
    catalog_ = std::move(renewed);
  }

  static void observe(telemetry::Metrics& metrics, const std::shared_ptr<RemoteServer>& server) {
    using telemetry::Metric;
    const std::weak_ptr<const RemoteServer> weak = server;
    const telemetry::Labels labels = {{"server", server->name()}};
    metrics.observe(
        {.name = "pais.mcp.up",
         .kind = Metric::Kind::gauge,
         .unit = "1",
         .help = "1 while an MCP server's tools are offered"},
        [weak] {
          const auto alive = weak.lock();
          return alive && alive->status().state == ServerStatus::State::ready ? 1.0 : 0.0;
        },
        labels);
    metrics.observe(
        {.name = "pais.mcp.tools",
         .kind = Metric::Kind::gauge,
         .unit = "{tool}",
         .help = "Tools that an MCP server listed when it was last heard of"},
        [weak] {
          const auto alive = weak.lock();
          return alive ? static_cast<double>(alive->status().tools) : 0.0;
        },
        labels);
  }

  // To all at once, so that one that does not listen costs no more than all of them.
  void say_goodbye() {
    struct Waiting {
      std::mutex mutex;
      std::condition_variable all_said;
      std::size_t left = 0;
    };
    const auto waiting = std::make_shared<Waiting>();
    waiting->left = servers_.size();
    for (const auto& each : servers_) {
      workers_.submit([each, waiting] {
        each->hang_up(kFarewell);
        const std::scoped_lock lock(waiting->mutex);
        --waiting->left;
        waiting->all_said.notify_all();
      });
    }
    std::unique_lock lock(waiting->mutex);
    waiting->all_said.wait_for(lock, kFarewell, [&] { return waiting->left == 0; });
  }

  const McpOptions options_;
  const HomeProcess home_;
  std::vector<std::shared_ptr<RemoteServer>> servers_;  // these two: constant once open
  std::deque<ServerCounts> counts_;
  std::stop_source closing_;

  mutable std::mutex mutex_;
  std::condition_variable_any wake_;
  mutable std::condition_variable looked_;
  // Guarded by mutex_:
  std::vector<Watch> watches_;  // of each server
  bool changed_ = false;
  bool closed_ = false;

  mutable std::mutex renewing_;
  // Guarded by renewing_:
  std::vector<Shelf> shelves_;
  std::set<std::string> told_;

  mutable std::mutex catalog_mutex_;
  std::shared_ptr<const Catalog> catalog_ = std::make_shared<const Catalog>();  // guarded by catalog_mutex_

  Workers workers_;  // the last, so that it ends first
};

// What is handed out: with the last hold on it the household is closed, though threads may still hold that.
class OpenMcpToolset final : public McpToolset {
 public:
  explicit OpenMcpToolset(std::shared_ptr<Household> household) : household_(std::move(household)) {}
  ~OpenMcpToolset() override { household_->close(); }
  OpenMcpToolset(const OpenMcpToolset&) = delete;
  OpenMcpToolset& operator=(const OpenMcpToolset&) = delete;

  ToolList tools() const override { return household_->tools(); }
  Result<ToolResult> call(const events::ToolCall& call, const CallContext& context, std::stop_token stop) override {
    return household_->call(call, context, stop);
  }
  std::vector<ServerStatus> servers() const override { return household_->statuses(); }
  bool wait_until_tried(milliseconds within) const override { return household_->wait_until_tried(within); }
  void count_in(telemetry::Metrics& metrics) override { household_->count_in(metrics); }
  void close() override { household_->close(); }

 private:
  const std::shared_ptr<Household> household_;
};

}  // namespace

std::shared_ptr<McpToolset> open_mcp(McpOptions options, std::shared_ptr<const http::Client> client) {
  if (options.servers.empty()) return nullptr;
  auto household = std::make_shared<Household>(std::move(options));
  household->open(client);
  return std::make_shared<OpenMcpToolset>(std::move(household));
}

}  // namespace pais::tools::mcp
