#include "telemetry/run_metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>

namespace pais::telemetry {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;
using ::testing::Not;

// One run, whose time the test turns.
class ToldRun {
 public:
  explicit ToldRun(RunMetrics& all) : listener_(all, nullptr) {}

  void tell(events::Happening what, milliseconds later = milliseconds(0)) {
    at_ += later;
    listener_.on({.sequence = next_++, .at = at_, .time = {}, .what = std::move(what)});
  }

  void ask(const std::string& answered_by) {
    tell(events::ModelCallStarted{.step = 1, .model = "gpt", .provider = "openai"});
    events::ModelCallEnded ended;
    ended.step = 1;
    ended.model = answered_by;
    ended.usage = {.input_tokens = 30, .output_tokens = 7};
    tell(ended, milliseconds(2000));
  }

 private:
  RunMetrics::Listener listener_;
  std::chrono::steady_clock::time_point at_{};
  std::uint64_t next_ = 0;
};

TEST(RunMetrics, CountTokensAndTheTimeOfTheModel) {
  Metrics metrics;
  RunMetrics all(metrics);
  ToldRun run(all);

  run.ask("gpt-2");

  const std::string text = metrics.prometheus();
  EXPECT_THAT(text, HasSubstr("gen_ai_response_model=\"gpt-2\",gen_ai_token_type=\"input\""));
  EXPECT_THAT(text, HasSubstr("gen_ai_token_type=\"input\",le=\"64\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("gen_ai_token_type=\"output\",le=\"4\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("gen_ai_client_operation_duration_seconds_sum"));
  EXPECT_THAT(text, HasSubstr("le=\"2.5\"} 1\n"));
}

TEST(RunMetrics, TellRunsApartByHowTheyEnded) {
  Metrics metrics;
  RunMetrics all(metrics);
  ToldRun good(all);
  ToldRun bad(all);

  good.tell(events::TurnStarted{.prompt = "?"});
  good.tell(events::TextDelta{"It"}, milliseconds(250));
  good.tell(events::TextDelta{" is 3."}, milliseconds(250));
  good.tell(events::TurnEnded{.text = "It is 3.", .usage = {}, .error = {}});
  bad.tell(events::TurnStarted{.prompt = "?"});
  bad.tell(events::TurnEnded{.text = "", .usage = {}, .error = Error{.code = Code::model_timeout, .cause = ""}});

  const std::string text = metrics.prometheus();
  EXPECT_THAT(text, HasSubstr("pais_run_duration_seconds_count{code=\"ok\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("pais_run_duration_seconds_count{code=\"model_timeout\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("pais_run_ttft_seconds_count 1\n"));
  EXPECT_THAT(text, HasSubstr("pais_run_ttft_seconds_sum 0.25\n"));
}

TEST(RunMetrics, CountDelegationsAsThePlatformsDashboardsReadThem) {
  Metrics metrics;
  RunMetrics all(metrics);
  ToldRun run(all);

  run.tell(events::DelegationStarted{.call_id = "c1", .agent = "bob", .task = "T"});
  run.tell(events::DelegationEnded{.call_id = "c1", .agent = "bob", .result = "R", .usage = {}}, milliseconds(30));
  run.tell(events::DelegationStarted{.call_id = "c2", .agent = "bob", .task = "T"});
  run.tell(events::DelegationEnded{.call_id = "c2", .agent = "bob", .result = "", .usage = {}, .is_error = true});

  const std::string text = metrics.prometheus();
  EXPECT_THAT(text, HasSubstr("kaos_delegations_total{target=\"bob\",success=\"true\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("kaos_delegations_total{target=\"bob\",success=\"false\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("{target=\"bob\",success=\"true\",le=\"25\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("{target=\"bob\",success=\"true\",le=\"50\"} 1\n"));
}

TEST(RunMetrics, KeepTheNamesThatAServerMakesUpBounded) {
  Metrics metrics;
  RunMetrics all(metrics);

  for (int i = 0; i < 150; ++i) ToldRun(all).ask("made-up-" + std::to_string(i));

  const std::string text = metrics.prometheus();
  EXPECT_THAT(text, HasSubstr("gen_ai_response_model=\"made-up-99\""));
  EXPECT_THAT(text, Not(HasSubstr("gen_ai_response_model=\"made-up-100\"")));
  EXPECT_THAT(text, HasSubstr("gen_ai_response_model=\"_other\",gen_ai_token_type=\"input\",le=\"64\"} 50\n"));
}

}  // namespace
}  // namespace pais::telemetry
