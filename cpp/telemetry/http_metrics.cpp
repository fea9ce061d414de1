#include "telemetry/http_metrics.h"

#include <array>
#include <chrono>
#include <fstream>
#include <mutex>
#include <unistd.h>

#include "base/log.h"

namespace pais::telemetry {
namespace {

const Metric kDuration = {"http.server.request.duration", Metric::Kind::histogram, "s",
                          "Time from a whole request to its last byte being on its way."};
const Metric kRejected = {"pais.rejected", Metric::Kind::counter, "", "Requests refused, by the code of the refusal."};
const Metric kLeft = {"pais.http.clients_left", Metric::Kind::counter, "", "Clients that hung up before the answer."};

double resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  double size = 0;
  double resident = 0;
  statm >> size >> resident;
  return resident * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

double seconds_since_epoch() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

}  // namespace

std::string_view known_method(std::string_view method) {
  constexpr std::array kKnown = {"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "CONNECT"};
  for (const std::string_view known : kKnown) {
    if (known == method) return known;
  }
  return "_OTHER";
}

void HttpMetrics::answered(const http::Answered& answer) {
  durations({known_method(answer.method), answer.route, answer.status})
      .record(std::chrono::duration<double>(answer.took).count());
  if (answer.client_left) metrics_.counter(kLeft).add();
  if (answer.code) metrics_.counter(kRejected, {{"reason", std::string(facts(*answer.code).name)}}).add();
}

Histogram& HttpMetrics::durations(const Key& key) {
  {
    const std::shared_lock lock(mutex_);
    if (const auto known = durations_.find(key); known != durations_.end()) return *known->second;
  }
  const auto& [method, route, status] = key;
  Histogram& histogram = metrics_.histogram(kDuration, {{"http.request.method", std::string(method)},
                                                        {"http.route", std::string(route)},
                                                        {"http.response.status_code", std::to_string(status)}});
  const std::scoped_lock lock(mutex_);
  durations_.emplace(key, &histogram);
  return histogram;
}

void HttpMetrics::watch(const http::Server& server) {
  using Kind = Metric::Kind;
  const auto observe = [&](std::string name, Kind kind, std::string unit, std::string help, auto read) {
    metrics_.observe({std::move(name), kind, std::move(unit), std::move(help)},
                     [&server, read] { return static_cast<double>(read(server.stats())); });
  };
  using http::Stats;
  observe("pais.http.connections", Kind::gauge, "", "Open connections.", [](const Stats& s) { return s.connections; });
  observe("http.server.active_requests", Kind::up_down, "", "Requests being worked on.",
          [](const Stats& s) { return s.exchanges; });
  observe("pais.runs", Kind::up_down, "", "Runs in flight.", [](const Stats& s) { return s.runs; });
  observe("pais.runs.waiting", Kind::gauge, "", "Runs that wait for their turn.",
          [](const Stats& s) { return s.waiting; });
  observe("pais.http.workers", Kind::gauge, "", "Threads for handlers.", [](const Stats& s) { return s.workers; });
  observe("pais.http.received", Kind::counter, "By", "Bytes received.", [](const Stats& s) { return s.bytes_in; });
  observe("pais.http.sent", Kind::counter, "By", "Bytes sent.", [](const Stats& s) { return s.bytes_out; });
}

void observe_process(Metrics& metrics, const std::string& version) {
  using Kind = Metric::Kind;
  metrics.observe({"pais.build_info", Kind::gauge, "", "The version that runs, as a label."}, [] { return 1.0; },
                  {{"version", version}});
  metrics.observe({"process.start_time", Kind::gauge, "s", "When the process began, in Unix seconds."},
                  [began = seconds_since_epoch()] { return began; });
  metrics.observe({"process.resident_memory", Kind::gauge, "By", "Resident memory."}, resident_bytes);
  metrics.observe({"pais.log.dropped", Kind::counter, "", "Log lines that nobody read."},
                  [] { return static_cast<double>(log::dropped_lines()); });
}

}  // namespace pais::telemetry
