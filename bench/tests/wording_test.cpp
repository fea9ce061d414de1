#include "load/wording.h"

#include <set>
#include <string>

#include "gtest/gtest.h"

namespace pais::bench {
namespace {

Target target_with(std::size_t vary) {
  return {.server = {}, .request = "POST / HTTP/1.1\r\n\r\n{\"session_id\":\"s########\"}", .vary = vary};
}

TEST(Wording, MeetsEveryNumberOnceBeforeOneComesAgain) {
  Wording wording(target_with(1000));
  std::set<std::string> seen;

  for (int i = 0; i < 1000; ++i) seen.emplace(wording.next());

  EXPECT_EQ(seen.size(), 1000U);
  EXPECT_TRUE(seen.contains("POST / HTTP/1.1\r\n\r\n{\"session_id\":\"s00000999\"}"));
  EXPECT_TRUE(seen.contains(std::string(wording.next())));
}

TEST(Wording, OfTargetsThatDoNotVaryIsTheirRequest) {
  const auto target = target_with(0);
  Wording wording(target);

  EXPECT_EQ(wording.next(), target.request);
}

}  // namespace
}  // namespace pais::bench
