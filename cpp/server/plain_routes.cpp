#include "server/plain_routes.h"

#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "nlohmann/json.hpp"

#include "base/percent.h"
#include "telemetry/prometheus.h"

namespace pais::server {
namespace {

using nlohmann::ordered_json;
using ExchangePtr = std::shared_ptr<http::Exchange>;

std::int64_t unix_seconds() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::seconds>(now).count();
}

std::string text_of(const ordered_json& body) {
  return body.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

http::Response health(const std::string& name) {
  return {.body = text_of({{"status", "healthy"}, {"name", name}, {"agent", name}, {"timestamp", unix_seconds()}})};
}

http::Response readiness(const std::string& name, const Condition& condition) {
  ordered_json body = {{"status", "ready"}, {"name", name}, {"timestamp", unix_seconds()}};
  if (!condition.degraded.empty()) body["degraded"] = condition.degraded;
  if (condition.not_ready.empty()) return {.body = text_of(body)};
  body["status"] = "not_ready";
  body["reason"] = condition.not_ready;
  return {.status = 503, .headers = {{"Retry-After", "1"}}, .body = text_of(body)};
}

}  // namespace

std::vector<http::Route> probe_routes(const std::string& agent_name, std::function<Condition()> condition) {
  return {{.method = "GET",
           .pattern = "/health",
           .lane = http::Lane::at_once,
           .handler = [agent_name](const ExchangePtr& exchange) { exchange->reply(health(agent_name)); },
           .access = http::Access::open,
           .quiet = true},
          {.method = "GET",
           .pattern = "/ready",
           .lane = http::Lane::at_once,
           .handler = [agent_name, condition = std::move(condition)](
                          const ExchangePtr& exchange) { exchange->reply(readiness(agent_name, condition())); },
           .access = http::Access::open,
           .quiet = true}};
}

std::vector<http::Route> model_routes(const std::string& agent_name) {
  const ordered_json model = {
      {"id", agent_name}, {"object", "model"}, {"created", unix_seconds()}, {"owned_by", "pais"}};
  const std::string one = text_of(model);
  const std::string all = text_of({{"object", "list"}, {"data", ordered_json::array({model})}});
  return {{.method = "GET",
           .pattern = "/v1/models",
           .lane = http::Lane::at_once,
           .handler = [all](const ExchangePtr& exchange) { exchange->reply(http::Response{.body = all}); }},
          {.method = "GET",
           .pattern = "/v1/models/{id}",
           .lane = http::Lane::at_once,
           .handler = [one, agent_name](const ExchangePtr& exchange) {
             if (percent_decoded(exchange->request().path_parameter) == agent_name) {
               exchange->reply(http::Response{.body = one});
             } else {
               exchange->reply(Error{.code = Code::model_not_found, .cause = "another name"});
             }
           }}};
}

http::Route metrics_route(const telemetry::Metrics& metrics) {
  return {.method = "GET",
          .pattern = "/metrics",
          .lane = http::Lane::at_once,
          .handler =
              [&metrics](const ExchangePtr& exchange) {
                const auto format = telemetry::wanted_format(exchange->request().header("Accept"));
                exchange->reply(http::Response{.body = telemetry::metrics_text(metrics.snapshot(), format),
                                               .content_type = std::string(telemetry::content_type(format))});
              },
          .quiet = true};
}

}  // namespace pais::server
