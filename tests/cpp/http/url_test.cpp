#include "http/url.h"

#include "gmock/gmock.h"

namespace pais::http {
namespace {

using testing::HasSubstr;
using testing::Not;

Url url(std::string_view text) {
  auto parsed = parse_url(text);
  EXPECT_TRUE(parsed) << text;
  return parsed ? *std::move(parsed) : Url{};
}

TEST(Url, HasHostPortAndTarget) {
  const Url parsed = url("http://Models.Example:8080/v1/chat?stream=1&x=%20");

  EXPECT_EQ(parsed.scheme, Url::Scheme::http);
  EXPECT_EQ(parsed.host, "models.example");
  EXPECT_EQ(parsed.port, 8080);
  EXPECT_EQ(parsed.target, "/v1/chat?stream=1&x=%20");
  EXPECT_EQ(parsed.authority(), "models.example:8080");
  EXPECT_EQ(parsed.origin(), "http://models.example:8080");
}

TEST(Url, KnowsThePortOfItsScheme) {
  EXPECT_EQ(url("http://a").port, 80);
  EXPECT_EQ(url("https://a").port, 443);
  EXPECT_EQ(url("HTTPS://a:443/").authority(), "a");
  EXPECT_EQ(url("https://a:/").port, 443);
}

TEST(Url, WithoutPathAsksForTheRoot) {
  EXPECT_EQ(url("http://a").target, "/");
  EXPECT_EQ(url("http://a?x=1").target, "/?x=1");
  EXPECT_EQ(url("http://a/b#fragment").target, "/b");
}

TEST(Url, TakesIpv6InBrackets) {
  const Url parsed = url("http://[::1]:81/x");

  EXPECT_EQ(parsed.host, "::1");
  EXPECT_EQ(parsed.port, 81);
  EXPECT_EQ(parsed.authority(), "[::1]:81");
}

TEST(Url, DecodesCredentialsAndNeverShowsThem) {
  const Url parsed = url("https://us%40er:p%3Aw@a/");

  EXPECT_EQ(parsed.credentials, "us@er:p:w");
  EXPECT_EQ(parsed.host, "a");
  EXPECT_THAT(parsed.origin(), Not(HasSubstr("er")));
  EXPECT_EQ(url("http://token@a/").credentials, "token:");
}

TEST(Url, NamesAUnixSocketWhereAHostWouldBe) {
  const Url parsed = url("unix://%2Frun%2Fmodel.sock/v1/models");

  EXPECT_EQ(parsed.scheme, Url::Scheme::unix_socket);
  EXPECT_EQ(parsed.socket_path, "/run/model.sock");
  EXPECT_EQ(parsed.target, "/v1/models");
  EXPECT_EQ(parsed.authority(), "localhost");
}

class RefusedUrl : public testing::TestWithParam<const char*> {};

TEST_P(RefusedUrl, IsMalformedAndNotQuoted) {
  const auto parsed = parse_url(GetParam());

  ASSERT_FALSE(parsed) << GetParam();
  EXPECT_EQ(parsed.error().code, Code::malformed);
  EXPECT_THAT(parsed.error().describe(), Not(HasSubstr("secret")));
}

INSTANTIATE_TEST_SUITE_P(All, RefusedUrl,
                         testing::Values("", "a", "/v1", "//a/", "ftp://secret/", "http:/a", "http://", "http:///x",
                                         "http://a b/", "http://a/b c", "http://a/\r\nX: secret", "http://a\n/",
                                         "http://a/\x7f", "http://m\xc3\xbcller/", "http://a:0/", "http://a:65536/",
                                         "http://a:x/", "http://a:-1/", "http://a:80:80/", "http://[::1/",
                                         "http://::1/", "http://[::g]/", "http://[fe80::1%25eth0]/", "http://[::1]x/",
                                         "http://a\\b/", "http://a%20b/", "http://se%0acret@a/", "http://se%cret@a/",
                                         "http://x%@a/", "http://secret@/", "unix:///run/x.sock",
                                         "unix://run%2Fx.sock/"));

TEST(Url, MayNotBeEndless) {
  EXPECT_FALSE(parse_url("http://a/" + std::string(9000, 'x')));
}

TEST(BasicAuthorization, EncodesEveryLength) {
  EXPECT_EQ(basic_authorization("a:"), "Basic YTo=");
  EXPECT_EQ(basic_authorization("a:b"), "Basic YTpi");
  EXPECT_EQ(basic_authorization("ab:c"), "Basic YWI6Yw==");
  EXPECT_EQ(basic_authorization("\xff\xfe:\xfd"), "Basic //46/Q==");
}

}  // namespace
}  // namespace pais::http
