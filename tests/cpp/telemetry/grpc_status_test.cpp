#include "telemetry/grpc_status.h"

#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace pais::telemetry {
namespace {

using std::chrono::milliseconds;

// google.rpc.Status{code: 8, message: "slow", details: [RetryInfo{retry_delay: 2.5 s}]}
const std::string kSlowDown = "CAgSBHNsb3caNgoodHlwZS5nb29nbGVhcGlzLmNvbS9nb29nbGUucnBjLlJldHJ5SW5mbxIKCggIAhCAyrXuAQ";

TEST(GrpcStatus, ReadsCodeMessageAndWhenToComeAgain) {
  const GrpcStatus status = read_grpc_status("8", "slow%20d%C3%B6wn", kSlowDown, 200);

  EXPECT_EQ(describe(status), "RESOURCE_EXHAUSTED: slow döwn");
  EXPECT_EQ(status.retry_after, milliseconds(2500));
  EXPECT_TRUE(may_retry(status));
}

TEST(GrpcStatus, TakesPaddingInItsDetails) {
  EXPECT_EQ(read_grpc_status("8", "", kSlowDown + "==", 200).retry_after, milliseconds(2500));
}

TEST(GrpcStatus, IsNotToBeTriedAgainWhenExhaustedWithoutAWordOnWhen) {
  EXPECT_FALSE(may_retry(read_grpc_status("8", "too large", "", 200)));
}

TEST(GrpcStatus, MayBeTriedAgainAsOtlpSays) {
  for (int code = 0; code <= 16; ++code) {
    const bool expected = code == 1 || code == 4 || code == 10 || code == 11 || code == 14 || code == 15;
    EXPECT_EQ(may_retry({.code = code}), expected) << describe({.code = code});
  }
}

TEST(GrpcStatus, MakesSenseOfAnswersThatAreNotGrpc) {
  EXPECT_EQ(describe(read_grpc_status("", "", "", 503)), "UNAVAILABLE: HTTP status 503");
  EXPECT_EQ(describe(read_grpc_status("", "", "", 404)), "UNIMPLEMENTED: HTTP status 404");
  EXPECT_EQ(describe(read_grpc_status("", "", "", 200)), "UNKNOWN");
  EXPECT_EQ(describe(read_grpc_status("banana", "", "", 200)), "UNKNOWN");
  EXPECT_EQ(describe(read_grpc_status("77", "", "", 200)), "UNKNOWN");
}

TEST(GrpcStatus, MakesNothingOfDetailsThatAreNone) {
  for (const std::string& details : std::vector<std::string>{"!!!", "AAAA", kSlowDown.substr(0, 60), "Gv8="}) {
    EXPECT_EQ(read_grpc_status("8", "", details, 200).retry_after, std::nullopt) << details;
  }
}

TEST(GrpcStatus, KeepsAMessageShortAndText) {
  const GrpcStatus status = read_grpc_status("13", "%FF" + std::string(100'000, 'x'), "", 200);

  EXPECT_LT(status.message.size(), 1000U);
  EXPECT_TRUE(status.message.starts_with("\xEF\xBF\xBDx"));
}

}  // namespace
}  // namespace pais::telemetry
