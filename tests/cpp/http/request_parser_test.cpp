#include "http/request_parser.h"

#include <string>
#include <utility>

#include "gmock/gmock.h"

namespace pais::http {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

Result<Request> parse(const std::string& bytes) {
  RequestParser parser;
  std::size_t searched = 0;
  auto head = read_head(bytes, {}, searched);
  if (!head) return head.error();
  return parser.parse(**head);
}

auto query_of(const std::string& target) {
  const auto request = parse("GET " + target + " HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(request) << target;
  return request ? request->query : decltype(request->query)();
}

TEST(RequestParser, CopiesWhatFramingFound) {
  const auto request = parse("DELETE /a%2fb//c HTTP/1.1\r\nHost: a\r\nX-One: 1\r\nx-one: 2\r\nX-Empty:\r\n\r\n");

  ASSERT_TRUE(request);
  EXPECT_EQ(request->method, "DELETE");
  EXPECT_EQ(request->path, "/a%2fb//c");
  EXPECT_THAT(request->headers,
              ElementsAre(Pair("Host", "a"), Pair("X-One", "1"), Pair("x-one", "2"), Pair("X-Empty", "")));
  EXPECT_THAT(request->query, IsEmpty());
}

TEST(RequestParser, LeavesHeaderValuesAsTheyWereSent) {
  const auto request =
      parse("GET /?a HTTP/1.1\r\nHost: a\r\nX: a%0d%0aSet-Cookie:%20b\r\nREMOTE_ADDR: 6.6.6.6\r\n\r\n");

  ASSERT_TRUE(request);
  EXPECT_EQ(request->header("X"), "a%0d%0aSet-Cookie:%20b");
  EXPECT_EQ(request->header("REMOTE_ADDR"), "6.6.6.6");
  EXPECT_EQ(request->header("LOCAL_ADDR"), "");
}

TEST(RequestParser, DecodesTheQuery) {
  EXPECT_THAT(
      query_of("/?limit=10&name=a%20b+c&empty=&bare"),
      testing::UnorderedElementsAre(Pair("limit", "10"), Pair("name", "a b c"), Pair("empty", ""), Pair("bare", "")));
  EXPECT_THAT(query_of("/?"), IsEmpty());
  EXPECT_THAT(query_of("/?&&"), IsEmpty());
}

TEST(RequestParser, KeepsTheOrderOfValuesOfOneName) {
  auto query = query_of("/?z=3&a=2&z=1&z=2");
  std::erase_if(query, [](const auto& pair) { return pair.first != "z"; });
  EXPECT_THAT(query, ElementsAre(Pair("z", "3"), Pair("z", "1"), Pair("z", "2")));
}

TEST(RequestParser, LineBreaksInAQueryStayInItsValues) {
  EXPECT_THAT(query_of("/?a=%0d%0aX-Evil:%201"), ElementsAre(Pair("a", "\r\nX-Evil: 1")));
}

TEST(RequestParser, TakesAQuestionMarkInsideAQuery) {
  EXPECT_THAT(query_of("/?a=b?c=d&e=f"), ElementsAre(Pair("a", "b?c=d"), Pair("e", "f")));
}

TEST(RequestParser, TakesAnEqualsSignInsideAValue) {
  EXPECT_THAT(query_of("/?a=b==&c=&d==e=f"), ElementsAre(Pair("a", "b=="), Pair("c", ""), Pair("d", "=e=f")));
}

TEST(RequestParser, SurvivesBrokenEscapes) {
  for (const char* target :
       {"/?a=%", "/?a=%4", "/?a=%zz", "/?%=%", "/?a=%u12", "/?a=%uD800%uDC00", "/?a=%00b", "/?=", "/?=&="}) {
    EXPECT_TRUE(parse("GET " + std::string(target) + " HTTP/1.1\r\nHost: a\r\n\r\n")) << target;
  }
}

TEST(RequestParser, ReadsALongQuery) {
  std::string target = "/?";
  for (int i = 0; i < 1'000; ++i) target += "a=" + std::to_string(i) + "&";

  EXPECT_EQ(query_of(target).size(), 1'000U);
}

}  // namespace
}  // namespace pais::http
