#include "telemetry/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>
#include <thread>
#include <vector>

#include "telemetry/prometheus.h"

namespace pais::telemetry {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

const Metric kAnswers = {"pais.answers", Metric::Kind::counter, "", "Answers given."};
const Metric kWait = {"pais.wait", Metric::Kind::histogram, "s", "Time waited."};

TEST(Metrics, ShowsACounterWithItsHelpItsTypeAndItsLabels) {
  Metrics metrics;

  metrics.counter(kAnswers, {{"code", "good"}}).add(2);
  metrics.counter(kAnswers, {{"code", "good"}}).add();

  EXPECT_EQ(metrics.prometheus(),
            "# HELP pais_answers_total Answers given.\n"
            "# TYPE pais_answers_total counter\n"
            "pais_answers_total{code=\"good\"} 3\n");
}

TEST(Metrics, KeepsSeriesOfOneNameTogether) {
  Metrics metrics;

  metrics.counter(kAnswers, {{"code", "good"}}).add();
  metrics.counter(kAnswers, {{"code", "bad"}}).add(4);

  EXPECT_THAT(metrics.prometheus(),
              HasSubstr("pais_answers_total{code=\"good\"} 1\npais_answers_total{code=\"bad\"} 4\n"));
}

TEST(Metrics, CountsAHistogramUpwards) {
  Metrics metrics;
  Histogram& wait = metrics.histogram(kWait, {}, {0.1, 1});

  wait.record(0.05);
  wait.record(0.1);
  wait.record(0.5);
  wait.record(7);

  EXPECT_THAT(metrics.prometheus(), HasSubstr("pais_wait_seconds_bucket{le=\"0.1\"} 2\n"
                                              "pais_wait_seconds_bucket{le=\"1\"} 3\n"
                                              "pais_wait_seconds_bucket{le=\"+Inf\"} 4\n"
                                              "pais_wait_seconds_sum 7.65\n"
                                              "pais_wait_seconds_count 4\n"));
}

TEST(Metrics, AsksForAnObservedValueWhenSomebodyLooks) {
  Metrics metrics;
  double open = 1;
  metrics.observe({"pais.open", Metric::Kind::gauge, "", "Open things."}, [&] { return open; });

  open = 5;

  EXPECT_THAT(metrics.prometheus(), HasSubstr("# TYPE pais_open gauge\npais_open 5\n"));
}

TEST(Metrics, ShowsASumThatMayShrinkAsAGauge) {
  Metrics metrics;
  Sum& open = metrics.sum({"pais.open", Metric::Kind::up_down, "", "Open things."});

  open.add(3);
  open.add(-0.5);

  EXPECT_THAT(metrics.prometheus(), HasSubstr("# TYPE pais_open gauge\npais_open 2.5\n"));
}

TEST(Metrics, LeadsFromABucketToATraceInOpenMetricsAlone) {
  Metrics metrics;
  Histogram& wait = metrics.histogram(kWait, {}, {0.1, 1});

  wait.record(0.05);
  wait.record(0.5, {0x0a, 0xf7}, {0xb7});

  EXPECT_THAT(metrics.openmetrics(), ContainsRegex("pais_wait_seconds_bucket\\{le=\"1\"\\} 2 # "
                                                   "\\{trace_id=\"0af70*\",span_id=\"b70*\"\\} 0.5 "
                                                   "[0-9]+\\.[0-9][0-9][0-9]\n"));
  EXPECT_THAT(metrics.openmetrics(), HasSubstr("pais_wait_seconds_bucket{le=\"0.1\"} 1\n"));
  EXPECT_THAT(metrics.prometheus(), Not(HasSubstr("trace_id")));
}

TEST(Metrics, WritesOpenMetricsToItsEnd) {
  Metrics metrics;

  metrics.counter(kAnswers).add();

  EXPECT_EQ(metrics.openmetrics(),
            "# HELP pais_answers Answers given.\n"
            "# TYPE pais_answers counter\n"
            "pais_answers_total 1\n"
            "# EOF\n");
}

TEST(Metrics, GivesTheFormatThatIsAskedFor) {
  EXPECT_EQ(wanted_format("application/openmetrics-text;version=1.0.0,text/plain;q=0.5"), TextFormat::openmetrics);
  EXPECT_EQ(wanted_format("text/plain"), TextFormat::prometheus);
  EXPECT_EQ(wanted_format(""), TextFormat::prometheus);
}

TEST(Metrics, ShowsMetricsOfOneNameAndKindAsOneAndLeavesOutTheOthers) {
  Metrics metrics;
  metrics.counter({"jobs", Metric::Kind::counter, "", "Ours."}).add();
  metrics.counter({"jobs", Metric::Kind::counter, "", "Theirs.", {"library"}}, {{"by", "them"}}).add(2);
  metrics.gauge({"jobs", Metric::Kind::gauge, "", "Not a counter."}).set(9);

  EXPECT_EQ(metrics.prometheus(),
            "# HELP jobs_total Ours.\n"
            "# TYPE jobs_total counter\n"
            "jobs_total 1\n"
            "jobs_total{by=\"them\"} 2\n");
}

TEST(Metrics, PutsLabelsBeyondTheLimitIntoOneSeries) {
  Metrics metrics;

  for (std::size_t i = 0; i < kMostSeries + 50; ++i) metrics.counter(kAnswers, {{"code", std::to_string(i)}}).add();

  EXPECT_THAT(metrics.prometheus(), HasSubstr("pais_answers_total{otel_metric_overflow=\"true\"} 50\n"));
}

TEST(Metrics, LetsWhatIsObservedRecordWhileItAnswers) {
  Metrics metrics;
  metrics.observe({"pais.open", Metric::Kind::gauge, "", "Open things."}, [&] {
    metrics.counter(kAnswers).add();
    return 1.0;
  });

  EXPECT_THAT(metrics.prometheus(), HasSubstr("pais_open 1\n"));
  EXPECT_EQ(metrics.counter(kAnswers).value(), 1U);
}

TEST(Metrics, EscapesLabelsSoThatOneLineStaysOneLine) {
  Metrics metrics;

  metrics.counter(kAnswers, {{"code", "a\"b\\c\nd"}}).add();

  EXPECT_THAT(metrics.prometheus(), HasSubstr("{code=\"a\\\"b\\\\c\\nd\"} 1\n"));
}

TEST(Metrics, LosesNothingWhenManyThreadsRecord) {
  Metrics metrics;
  Histogram& wait = metrics.histogram(kWait);
  std::vector<std::jthread> threads;

  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 10'000; ++n) {
        wait.record(0.5);
        metrics.counter(kAnswers).add();
      }
    });
  }
  threads.clear();

  EXPECT_EQ(wait.snapshot().count, 40'000U);
  EXPECT_DOUBLE_EQ(wait.snapshot().sum, 20'000.0);
  EXPECT_EQ(metrics.counter(kAnswers).value(), 40'000U);
}

}  // namespace
}  // namespace pais::telemetry
