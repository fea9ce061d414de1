// The listener that counts what the HTTP front does.
#pragma once

#include <map>
#include <shared_mutex>
#include <string>
#include <tuple>

#include "http/server.h"
#include "telemetry/metrics.h"

namespace pais::telemetry {

// A stranger may send any word as a method; only those we know become a label, all others are "_OTHER".
std::string_view known_method(std::string_view method);

class HttpMetrics : public http::Observer {
 public:
  explicit HttpMetrics(Metrics& metrics) : metrics_(metrics) {}

  // From any thread, for every answer.
  void answered(const http::Answered& answer) override;

  // The server's own numbers, asked for when somebody looks. `server` outlives the Metrics.
  void watch(const http::Server& server);

 private:
  using Key = std::tuple<std::string_view, std::string_view, int>;  // method, route, status: all from our own tables

  Histogram& durations(const Key& key);

  Metrics& metrics_;
  std::shared_mutex mutex_;  // guards durations_
  std::map<Key, Histogram*> durations_;
};

// What every process tells: its version, its memory, when it began, lines of the log nobody read.
void observe_process(Metrics& metrics, const std::string& version);

}  // namespace pais::telemetry
