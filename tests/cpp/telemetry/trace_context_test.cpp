#include "telemetry/trace_context.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "telemetry/baggage.h"
#include "telemetry/handed_on.h"

namespace pais::telemetry {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

const std::string kTrace = "4bf92f3577b34da6a3ce929d0e0e4736";
const std::string kParent = "00f067aa0ba902b7";
const std::string kGood = "00-" + kTrace + "-" + kParent + "-01";

TEST(TraceContext, IsReadFromADecentTraceparent) {
  const TraceContext context = read_trace_context({{"Traceparent", " " + kGood + "\t"}});

  EXPECT_EQ(hex(context.trace_id), kTrace);
  EXPECT_EQ(hex(context.span_id), kParent);
  EXPECT_TRUE(context.sampled());
  EXPECT_EQ(write_traceparent(context), kGood);
}

TEST(TraceContext, OfALaterVersionIsReadAsFarAsItIsKnown) {
  for (const std::string& value :
       {"cc-" + kTrace + "-" + kParent + "-01", "cc-" + kTrace + "-" + kParent + "-01-what-the-future-will-be-like"}) {
    EXPECT_TRUE(read_traceparent(value).valid()) << value;
  }
  EXPECT_FALSE(read_traceparent("cc-" + kTrace + "-" + kParent + "-01.what").valid());
}

TEST(TraceContext, IsNoneWhenTheTraceparentIsInvalid) {
  const std::string rest = "-" + kTrace + "-" + kParent + "-01";
  for (const std::string& value : {std::string(),
                                   "ff" + rest,
                                   ".0" + rest,
                                   "0." + rest,
                                   "000" + rest,
                                   "0" + rest,
                                   kGood + "-what",
                                   kGood + "0",
                                   "00-" + std::string(32, '0') + "-" + kParent + "-01",
                                   "00-" + kTrace + "-" + std::string(16, '0') + "-01",
                                   "00-" + kTrace.substr(1) + "-" + kParent + "-01",
                                   "00-" + kTrace + "0-" + kParent + "-01",
                                   "00-." + kTrace.substr(1) + "-" + kParent + "-01",
                                   "00-" + kTrace + "-" + kParent.substr(1) + "-01",
                                   "00-" + kTrace + "-" + kParent + "0-01",
                                   "00-" + kTrace + "-." + kParent.substr(1) + "-01",
                                   "00-" + kTrace + "-" + kParent + "-.0",
                                   "00-" + kTrace + "-" + kParent + "-1",
                                   "00-" + kTrace + "-" + kParent + "-001",
                                   "00-4BF92F3577B34DA6A3CE929D0E0E4736-" + kParent + "-01",
                                   "00_" + kTrace + "-" + kParent + "-01"}) {
    EXPECT_FALSE(read_traceparent(value).valid()) << value;
  }
}

TEST(TraceContext, IsNoneWhenThereAreTwoTraceparents) {
  EXPECT_FALSE(read_trace_context({{"traceparent", kGood}, {"traceparent", kGood}}).valid());
}

TEST(TraceContext, JoinsSeveralTracestates) {
  const auto context = read_trace_context(
      {{"traceparent", kGood}, {"tracestate", "foo=1 \t , \t bar=2, "}, {"tracestate", ""}, {"TraceState", "baz=3"}});

  EXPECT_EQ(context.state, "foo=1,bar=2,baz=3");
}

TEST(TraceContext, HasNoStateWithoutAParent) {
  EXPECT_EQ(read_trace_context({{"tracestate", "foo=1"}}).state, "");
}

TEST(TraceContext, KeepsWhatTheRecommendationAllowsInATracestate) {
  std::string most;
  for (int i = 0; i < 32; ++i)
    most += (i == 0 ? "" : ",") + std::string("bar") + std::to_string(i) + "=" + std::to_string(i);
  const std::string long_key(256, 'z');
  const std::string tenant = std::string(241, 't') + "@" + std::string(14, 'v');
  std::string printable;
  for (char c = 0x20; c <= 0x7e; ++c) {
    if (c != ',' && c != '=') printable += c;
  }
  for (const std::string& value : {std::string("foo=1"), most, long_key + "=1", tenant + "=1", std::string("0a@b=1"),
                                   "foo=" + printable, std::string("foo=1,foo=1"), "foo=" + std::string(256, 'v'),
                                   std::string("abcdefghijklmnopqrstuvwxyz0123456789_-*/=1")}) {
    EXPECT_EQ(read_tracestate(value), value);
  }
}

TEST(TraceContext, DropsATracestateThatIsNotWellFormed) {
  std::string too_many;
  for (int i = 0; i < 33; ++i) too_many += "bar" + std::to_string(i) + "=1,";
  for (const std::string& value :
       {std::string("foo =1"), std::string("FOO=1"), std::string("foo.bar=1"), std::string("foo@=1,bar=2"),
        std::string("@foo=1,bar=2"), std::string("foo@@bar=1,bar=2"), std::string("foo@bar@baz=1,bar=2"),
        std::string(257, 'z') + "=1", std::string(242, 't') + "@v=1", "t@" + std::string(15, 'v') + "=1",
        std::string("foo=bar=baz"), std::string("foo=,bar=3"), std::string("foo"), "foo=" + std::string(257, 'v'),
        std::string("1foo=1"), too_many}) {
    EXPECT_EQ(read_tracestate(value), "") << value;
    EXPECT_TRUE(read_trace_context({{"traceparent", kGood}, {"tracestate", value}}).valid());
  }
}

TEST(Ids, AreNeverTheSameTwice) {
  std::vector<std::jthread> threads;
  std::vector<std::vector<TraceId>> found(4);
  for (auto& ids : found) {
    threads.emplace_back([&ids] {
      for (int i = 0; i < 1000; ++i) ids.push_back(new_trace_id());
    });
  }
  threads.clear();

  std::set<TraceId> different;
  for (const auto& ids : found) different.insert(ids.begin(), ids.end());
  EXPECT_EQ(different.size(), 4000U);
  EXPECT_NE(new_span_id(), SpanId{});
}

TEST(Baggage, KeepsWhatCameInBehindOurOwn) {
  const std::string came_in =
      read_baggage({{"baggage", "userId=alice;meta=1, session.id=old,  , broken"}, {"Baggage", "region=eu"}});

  const std::array ours = {std::pair<std::string_view, std::string_view>("session.id", "s 1,é"),
                           std::pair<std::string_view, std::string_view>("gen_ai.agent.name", "")};
  EXPECT_EQ(write_baggage(ours, came_in), "session.id=s%201%2C%C3%A9,userId=alice;meta=1,region=eu");
}

TEST(Baggage, IsNeverLongerThan8KiB) {
  std::string list;
  for (int i = 0; i < 60; ++i) list += "k" + std::to_string(i) + "=" + std::string(500, 'v') + ",";

  const std::string kept = read_baggage({{"baggage", list}});

  EXPECT_LE(kept.size(), 8192U);
  EXPECT_THAT(kept, StartsWith("k0=vvv"));
}

TEST(HandedOn, IsTheCallersTraceUnchanged) {
  const auto propagation = handed_on(
      {{"traceparent", "cc-" + kTrace + "-" + kParent + "-09-later"}, {"tracestate", "a=1"}, {"baggage", "b=2"}}, "s1");

  const TraceHeaders headers = propagation->headers("c1");
  EXPECT_EQ(headers.traceparent, "cc-" + kTrace + "-" + kParent + "-09-later");
  EXPECT_EQ(headers.tracestate, "a=1");
  EXPECT_EQ(headers.baggage, "session.id=s1,b=2");
  EXPECT_EQ(propagation->model_headers(1).baggage, "");
}

TEST(HandedOn, LeavesAMalformedTraceOut) {
  const auto propagation = handed_on({{"traceparent", kGood + "x"}, {"tracestate", "a=1"}}, "s1");

  const TraceHeaders headers = propagation->headers("");
  EXPECT_EQ(headers.traceparent, "");
  EXPECT_EQ(headers.tracestate, "");
  EXPECT_EQ(headers.baggage, "session.id=s1");
}

}  // namespace
}  // namespace pais::telemetry
