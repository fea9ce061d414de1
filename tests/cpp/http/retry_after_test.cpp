#include "http/retry_after.h"

#include "gtest/gtest.h"

namespace pais::http {
namespace {

using std::chrono::seconds;

// Fri, 20 Nov 2026 20:27:27 GMT
const auto kNow = std::chrono::system_clock::from_time_t(1'795'206'447);

TEST(RetryAfter, IsANumberOfSeconds) {
  EXPECT_EQ(read_retry_after("7", kNow), seconds(7));
  EXPECT_EQ(read_retry_after("0", kNow), seconds(0));
  EXPECT_EQ(read_retry_after("1.2", kNow), seconds(2));
  EXPECT_EQ(read_retry_after("99999999999999999999", kNow), seconds(365 * 24 * 3600));
}

TEST(RetryAfter, IsADate) {
  EXPECT_EQ(read_retry_after("Fri, 20 Nov 2026 20:27:57 GMT", kNow), seconds(30));
  EXPECT_EQ(read_retry_after("Thu, 19 Nov 2026 20:27:27 GMT", kNow), seconds(0));
}

TEST(RetryAfter, IsNothingWhenItCannotBeRead) {
  for (const char* text : {"", "soon", "-1", "1e9", ".", "1.2.3", "5 s", "Fri, 20 Nov", "inf", "nan", "0x10"}) {
    EXPECT_EQ(read_retry_after(text, kNow), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace pais::http
