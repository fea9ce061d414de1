#include "http/proxies.h"

#include <map>

#include "gmock/gmock.h"

namespace pais::http {
namespace {

Proxies proxies(const std::map<std::string, std::string>& environment) {
  return Proxies::from([&](const char* name) -> const char* {
    const auto found = environment.find(name);
    return found == environment.end() ? nullptr : found->second.c_str();
  });
}

// The proxy for `url`: its origin, "" for none, or the name of the failure.
std::string chosen(const Proxies& proxies, std::string_view url) {
  const auto parsed = parse_url(url);
  const auto proxy = proxies.between_us_and(*parsed);
  if (!proxy) return std::string(facts(proxy.error().code).name) + " " + proxy.error().cause;
  return *proxy == nullptr ? "" : (*proxy)->origin();
}

TEST(Proxies, AreNoneWithoutVariables) {
  EXPECT_EQ(chosen(Proxies(), "http://a/"), "");
  EXPECT_EQ(chosen(proxies({}), "https://a/"), "");
  EXPECT_EQ(chosen(proxies({{"HTTP_PROXY", ""}}), "http://a/"), "");
}

TEST(Proxies, AreChosenByTheSchemeOfTheUrl) {
  const Proxies both = proxies({{"HTTP_PROXY", "http://one:3128"}, {"HTTPS_PROXY", "two:3129"}});

  EXPECT_EQ(chosen(both, "http://a/"), "http://one:3128");
  EXPECT_EQ(chosen(both, "https://a/"), "http://two:3129");
  EXPECT_EQ(chosen(both, "unix://%2Fx.sock/"), "");
}

TEST(Proxies, InLowerCaseGoFirst) {
  EXPECT_EQ(chosen(proxies({{"HTTP_PROXY", "http://upper"}, {"http_proxy", "http://lower"}}), "http://a/"),
            "http://lower");
}

TEST(Proxies, CannotBeSetByAHeaderOfACgiRequest) {
  const std::string method = "GET";

  EXPECT_EQ(chosen(proxies({{"REQUEST_METHOD", method}, {"HTTP_PROXY", "http://evil"}}), "http://a/"), "");
  EXPECT_EQ(chosen(proxies({{"REQUEST_METHOD", method}, {"http_proxy", "http://mine"}}), "http://a/"), "http://mine");
}

TEST(Proxies, ThatCannotBeUsedAreNeverSkipped) {
  EXPECT_THAT(chosen(proxies({{"HTTPS_PROXY", "socks5://one:1080"}}), "https://a/"), testing::HasSubstr("URL"));
  EXPECT_THAT(chosen(proxies({{"HTTP_PROXY", "https://one"}}), "http://a/"), testing::HasSubstr("not of the kind"));
}

class NoProxyCase : public testing::TestWithParam<std::tuple<const char*, const char*, bool>> {};

TEST_P(NoProxyCase, IsRead) {
  const auto [list, url, covered] = GetParam();

  EXPECT_EQ(NoProxy(list).covers(*parse_url(url)), covered) << list << " and " << url;
}

INSTANTIATE_TEST_SUITE_P(
    All, NoProxyCase,
    testing::Values(
        std::tuple("", "http://a/", false), std::tuple("*", "http://a/", true), std::tuple("a", "http://A/", true),
        std::tuple("b, a", "http://a/", true), std::tuple("example.com", "http://api.example.com/", true),
        std::tuple(".example.com", "http://api.example.com/", true),
        std::tuple("*.example.com", "http://api.example.com/", true),
        std::tuple("example.com", "http://notexample.com/", false),
        std::tuple("api.example.com", "http://example.com/", false), std::tuple("a:8080", "http://a:8080/", true),
        std::tuple("a:8080", "http://a/", false), std::tuple("a:443", "https://a/", true),
        std::tuple("127.0.0.1", "http://127.0.0.1:9/", true), std::tuple("0.0.1", "http://127.0.0.1/", false),
        std::tuple("10.0.0.0/8", "http://10.2.3.4/", true), std::tuple("10.0.0.0/8", "http://11.2.3.4/", false),
        std::tuple("10.0.0.0/12", "http://10.15.3.4/", true), std::tuple("10.0.0.0/12", "http://10.16.3.4/", false),
        std::tuple("10.0.0.0/x", "http://10.0.0.0/", false), std::tuple("0.0.0.0/0", "http://9.9.9.9/", true),
        std::tuple("::1", "http://[::1]/", true), std::tuple("[::1]:81", "http://[::1]:81/", true),
        std::tuple("[::1]:81", "http://[::1]/", false), std::tuple("fd00::/8", "http://[fd12::1]/", true),
        std::tuple(",, ,", "http://a/", false)));

}  // namespace
}  // namespace pais::http
