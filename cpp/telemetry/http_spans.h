// Spans of the requests that are taken and of those that are made, where OTEL_INCLUDE_HTTP_SERVER and
// OTEL_INCLUDE_HTTP_CLIENT ask for them.
//
// Each puts itself into the `traceparent` of its request: whoever reads that from there on hangs below it, and need not
// know of it. From any thread.
#pragma once

#include <memory>
#include <mutex>
#include <regex>
#include <string>
#include <string_view>
#include <vector>

#include "http/client.h"
#include "http/server.h"
#include "telemetry/telemetry.h"

namespace pais::telemetry {

// Of requests taken: `POST /v1/chat/completions`.
class RequestSpans final : public http::Follower {
 public:
  // A request whose URL or path one of `excluded` is found in has no span. A pattern that is none is named in the log
  // and left out.
  RequestSpans(std::shared_ptr<const Telemetry> telemetry, const std::vector<std::string>& excluded);

  End follow(http::Request& request, std::string_view route) override;

 private:
  bool is_excluded(const http::Request& request) const;

  const std::shared_ptr<const Telemetry> telemetry_;
  std::vector<std::regex> excluded_;
};

// Of requests made: `POST`. One serves all clients of a host.
class CallSpans final : public http::CallFollower {
 public:
  // Calls are followed from here on: clients are there before telemetry is.
  void tell_to(std::shared_ptr<const Telemetry> telemetry);

  End follow(const http::ClientRequest& request, const http::Url& url, http::Headers& headers) override;

 private:
  std::mutex mutex_;
  std::shared_ptr<const Telemetry> telemetry_;  // guarded by mutex_; null: nobody is told
};

// Null when the settings ask for none.
std::shared_ptr<CallSpans> call_spans(const Settings& settings);

}  // namespace pais::telemetry
