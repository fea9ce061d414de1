// From settings to a running server: the routes, the memory and the limits that a deployment has asked for, around an
// agent of either kind.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "agent/agent.h"
#include "base/settings.h"
#include "http/server.h"
#include "memory/memory.h"
#include "server/open_tools.h"
#include "server/readiness.h"
#include "telemetry/http_metrics.h"
#include "telemetry/http_spans.h"
#include "telemetry/metrics.h"
#include "telemetry/open_export.h"
#include "telemetry/telemetry.h"

namespace pais::server {

// What depends on how the host was started, and not on the settings.
struct AppOptions {
  std::string host;
  int port = 0;
  bool access_log = false;
  std::size_t default_runs = 4096;
  bool listens = true;  // false: clients come by `adopt` alone
  std::shared_ptr<const Readiness> readiness;
  std::shared_ptr<HostTools> tools = {};  // for the card, the probes and the metrics; closed by whoever opened it
  std::shared_ptr<telemetry::CallSpans> calls = {};  // of the model and the tools, which were there before
};

class App {
 public:
  // The memory is not closed here: whoever opened it does that, once the App is gone.
  App(const Settings& settings, AppOptions options, std::shared_ptr<agent::Agent> agent,
      std::shared_ptr<memory::Memory> memory);
  ~App();
  App(const App&) = delete;
  App& operator=(const App&) = delete;

  Result<void> start();
  int port() const;

  // Serves a connection that came otherwise than through the listener; see http/server.h.
  Result<void> adopt(int socket);

  // Null while telemetry is off.
  const std::shared_ptr<telemetry::Telemetry>& telemetry() const { return telemetry_; }
  const std::shared_ptr<telemetry::Metrics>& metrics() const { return metrics_; }

  // Blocks until the last answer is out; a second call, from another thread, makes the first end at once.
  void drain();

 private:
  std::vector<http::Route> routes();

  const Settings settings_;
  const AppOptions options_;
  const std::shared_ptr<agent::Agent> agent_;
  const std::shared_ptr<memory::Memory> memory_;
  std::atomic<bool> drains_{false};
  const std::shared_ptr<telemetry::Metrics> metrics_ = std::make_shared<telemetry::Metrics>();
  telemetry::HttpMetrics http_metrics_{*metrics_};
  std::shared_ptr<telemetry::Export> export_;  // null while telemetry is off; closed before the server
  std::shared_ptr<telemetry::Telemetry> telemetry_;
  std::unique_ptr<http::Server> server_;
};

// The store that the settings ask for. A Redis that is away is no error unless PAIS_STRICT makes it one; a file that
// cannot be used is.
Result<std::shared_ptr<memory::Memory>> open_memory(const Settings& settings);

// The line by which people find a start in their logs: "AgentServer starting: name=…".
std::string starting_line(const Settings& settings, int port, std::size_t own_tools);

}  // namespace pais::server
