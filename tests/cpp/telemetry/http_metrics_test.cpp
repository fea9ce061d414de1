#include "telemetry/http_metrics.h"

#include <chrono>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>

namespace pais::telemetry {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

http::Answered answer(std::string_view method, std::string_view route, int status) {
  return {.method = method, .route = route, .status = status, .code = {}, .took = std::chrono::milliseconds(2)};
}

TEST(HttpMetrics, CountsRequestsByMethodRouteAndStatus) {
  Metrics metrics;
  HttpMetrics listener(metrics);

  listener.answered(answer("GET", "/health", 200));
  listener.answered(answer("GET", "/health", 200));
  listener.answered(answer("POST", "/v1/chat/completions", 502));

  const std::string text = metrics.prometheus();
  EXPECT_THAT(text, HasSubstr("http_server_request_duration_seconds_count{http_request_method=\"GET\","
                              "http_route=\"/health\",http_response_status_code=\"200\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("http_route=\"/v1/chat/completions\",http_response_status_code=\"502\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("http_response_status_code=\"200\",le=\"0.0025\"} 2\n"));
}

TEST(HttpMetrics, NeverMakesALabelOfAMethodThatAStrangerInvented) {
  Metrics metrics;
  HttpMetrics listener(metrics);

  for (int i = 0; i < 100; ++i) listener.answered(answer("EVIL" + std::to_string(i), "", 405));

  const std::string text = metrics.prometheus();
  EXPECT_THAT(text, Not(HasSubstr("EVIL")));
  EXPECT_THAT(text,
              HasSubstr("http_request_method=\"_OTHER\",http_route=\"\",http_response_status_code=\"405\"} 100\n"));
}

TEST(HttpMetrics, NamesTheLimitThatWasHit) {
  Metrics metrics;
  HttpMetrics listener(metrics);
  http::Answered refused = answer("POST", "/v1/chat/completions", 429);
  refused.code = Code::too_many_runs;

  listener.answered(refused);

  EXPECT_THAT(metrics.prometheus(), HasSubstr("pais_rejected_total{reason=\"too_many_runs\"} 1\n"));
}

TEST(HttpMetrics, TellsOfTheProcess) {
  Metrics metrics;

  observe_process(metrics, "1.2.3");

  const std::string text = metrics.prometheus();
  EXPECT_THAT(text, HasSubstr("pais_build_info{version=\"1.2.3\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("process_resident_memory_bytes "));
}

}  // namespace
}  // namespace pais::telemetry
