// Second tries and giving up, with a destination that does what the test says.
#include "telemetry/lane.h"

#include <algorithm>
#include <deque>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "support/captured_log.h"

namespace pais::telemetry {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Verdict = Delivery::Verdict;

class Script : public Destination {
 public:
  struct Heard {
    std::deque<Delivery> answers = {};  // then all is taken
    std::vector<std::string> bodies = {};
  };

  explicit Script(Heard& heard) : heard_(heard) {}

  OtlpForm form() const override { return OtlpForm::json; }
  std::string name() const override { return "the collector"; }
  Delivery deliver(std::span<const Bytes> body, http::Deadline, const std::stop_token&) override {
    heard_.bodies.push_back(joined(body));
    if (heard_.answers.empty()) return {};
    Delivery answer = std::move(heard_.answers.front());
    heard_.answers.pop_front();
    return answer;
  }

 private:
  Heard& heard_;
};

class Numbered : public Supply {
 public:
  explicit Numbered(std::size_t batches) : left_(batches) {}

  Moment due() const override { return left_ == 0 ? kNever : Moment{}; }
  std::optional<Batch> next(OtlpForm) override {
    if (left_ == 0) return std::nullopt;
    --left_;
    return Batch{.body = {Bytes("batch "), Bytes(std::to_string(++taken_))}, .items = 10};
  }
  std::size_t waiting() const override { return left_ * 10; }

 private:
  std::size_t left_;
  std::size_t taken_ = 0;
};

class Lanes : public ::testing::Test {
 protected:
  Lane lane(std::size_t batches, std::chrono::milliseconds batch_timeout = 30s) {
    return Lane({.signal = Signal::traces, .batch_timeout = batch_timeout, .patience = {1h, 3h}},
                std::make_shared<Numbered>(batches), std::make_unique<Script>(heard_), reachability_, dropped_);
  }

  static Delivery later(std::optional<std::chrono::milliseconds> wait = {}) {
    return {.verdict = Verdict::later, .cause = "no", .wait = wait};
  }

  test::CapturedLog log_;
  Script::Heard heard_;
  Counter dropped_;
  std::shared_ptr<Reachability> reachability_ = std::make_shared<Reachability>();
};

TEST_F(Lanes, TriesTheSameBatchAgainNotBeforeItsPause) {
  Lane lane = this->lane(2, 0ms);
  heard_.answers = {later()};

  lane.step({});
  const Moment next = lane.due();
  lane.step({});
  lane.step({});

  EXPECT_THAT(heard_.bodies, ElementsAre("batch 1", "batch 1", "batch 2"));
  EXPECT_GT(next, steady_clock::now() + 40min);
  EXPECT_LT(next, steady_clock::now() + 80min);
  EXPECT_EQ(lane.due(), kNever);
  EXPECT_EQ(dropped_.value(), 0U);
}

TEST_F(Lanes, WaitsLongerEachTimeUpToAMost) {
  Lane lane = this->lane(1, 0ms);
  heard_.answers = {later(), later(), later(), later()};

  for (int i = 0; i < 2; ++i) lane.step({});
  const Moment second = lane.due();
  for (int i = 0; i < 2; ++i) lane.step({});
  const Moment fourth = lane.due();

  EXPECT_GT(second, steady_clock::now() + 90min);
  EXPECT_LT(fourth, steady_clock::now() + 3h + 37min);
}

TEST_F(Lanes, WaitsAsLongAsTheCollectorAsks) {
  Lane lane = this->lane(1, 0ms);
  heard_.answers = {later(20h)};

  lane.step({});

  EXPECT_GT(lane.due(), steady_clock::now() + 19h);
}

TEST_F(Lanes, GivesUpABatchWhoseTimeIsUpAndKeepsThePause) {
  Lane lane = this->lane(2, 30s);
  heard_.answers = {later()};

  lane.step({});

  EXPECT_EQ(dropped_.value(), 10U);
  EXPECT_GT(lane.due(), steady_clock::now() + 40min);
  lane.step({});
  EXPECT_THAT(heard_.bodies, ElementsAre("batch 1", "batch 2"));
}

TEST_F(Lanes, SaysOnceThatThePlaceIsAwayAndOnceThatItIsBack) {
  Lane one = lane(5);
  Lane other({.signal = Signal::logs}, std::make_shared<Numbered>(5), std::make_unique<Script>(heard_), reachability_,
             dropped_);
  heard_.answers = {later(), later(), later()};

  one.step({});
  other.step({});
  one.step({});
  const std::string away = log_.text();
  one.step({});
  other.step({});
  const std::string back = log_.text().substr(away.size());

  EXPECT_EQ(std::ranges::count(away, '\n'), 1);
  EXPECT_THAT(away, HasSubstr("Telemetry does not reach the collector (no)"));
  EXPECT_EQ(std::ranges::count(back, '\n'), 1);
  EXPECT_THAT(back, HasSubstr("Telemetry reaches the collector again"));
}

TEST_F(Lanes, DropsWhatIsRefusedAndGoesOn) {
  Lane lane = this->lane(3);
  heard_.answers = {{.verdict = Verdict::refused, .cause = "bad"}, {.verdict = Verdict::refused, .cause = "bad"}};

  for (int i = 0; i < 3; ++i) lane.step({});

  EXPECT_THAT(heard_.bodies, ElementsAre("batch 1", "batch 2", "batch 3"));
  EXPECT_EQ(dropped_.value(), 20U);
  EXPECT_EQ(std::ranges::count(log_.text(), '\n'), 1);
}

TEST_F(Lanes, FlushesAllThatIsThere) {
  Lane lane = this->lane(3);

  EXPECT_TRUE(lane.flush(http::kNoDeadline, {}));

  EXPECT_EQ(heard_.bodies.size(), 3U);
}

TEST_F(Lanes, EndsAFlushAtTheFirstFailure) {
  Lane lane = this->lane(3, 0ms);
  heard_.answers = {{}, later()};

  EXPECT_FALSE(lane.flush(http::kNoDeadline, {}));

  EXPECT_EQ(heard_.bodies.size(), 2U);
  EXPECT_EQ(lane.give_up(), 20U);
  EXPECT_EQ(dropped_.value(), 20U);
}

}  // namespace
}  // namespace pais::telemetry
