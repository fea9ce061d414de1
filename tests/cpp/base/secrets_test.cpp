#include "base/secrets.h"

#include <gtest/gtest.h>

namespace pais {
namespace {

TEST(Secrets, AreToldByTheEndOfTheirName) {
  for (const char* name : {"MODEL_API_KEY", "mcp_server_x_token", "AIB_CLIENT_SECRET", "Password", "KEY"}) {
    EXPECT_TRUE(names_a_secret(name)) << name;
  }
  for (const char* name : {"AGENT_API_KEY_FILE", "MODEL_NAME", "KEYS", "", "KE"}) {
    EXPECT_FALSE(names_a_secret(name)) << name;
  }
}

TEST(MaskUrl, HidesThePasswordAndKeepsTheUser) {
  EXPECT_EQ(mask_url("redis://user:pass@host:6379/0"), "redis://user:***@host:6379/0");
  EXPECT_EQ(mask_url("redis://:pass@host"), "redis://:***@host");
  EXPECT_EQ(mask_url("http://u:p@[::1]:80/x"), "http://u:***@[::1]:80/x");
}

TEST(MaskUrl, HidesALoneToken) {
  EXPECT_EQ(mask_url("https://ghp_123@host/x"), "https://***@host/x");
}

TEST(MaskUrl, LeavesUrlsWithoutCredentialsAlone) {
  for (const char* url : {"http://host:8000/a", "http://[::1]:8000/a@b", "https://mcp.example/@scope/tool",
                          "redis://host", "http://host:80/?a=b@c", "", "nothing"}) {
    EXPECT_EQ(mask_url(url), url);
  }
}

TEST(MaskUrl, HidesPasswordsThatHoldWhatTheyShouldNot) {
  EXPECT_EQ(mask_url("redis://user:pa/ss@host"), "redis://user:***@host");
  EXPECT_EQ(mask_url("redis://user:pa#ss@host"), "redis://user:***@host");
  EXPECT_EQ(mask_url("redis://user:p@ss@host"), "redis://user:***@host");
  EXPECT_EQ(mask_url("redis://:1/2@host"), "redis://:***@host");
}

TEST(MaskUrl, HidesPasswordsThatHoldSeveralThingsTheyShouldNot) {
  for (const std::string scheme : {"redis://", "rediss://", "http://", "weather:http://"}) {
    for (const char* password : {"p@ss/w0rdsecret", "p@ss?w0rd", "p@ss#w0rd", "@/", "a/b@c", "a@b/c@d", "p?a=b@c/d",
                                 "1@2/3", "p@ss/w0rd?db=1"}) {
      EXPECT_EQ(mask_url(scheme + ":" + password + "@127.0.0.1:1/0?db=2"), scheme + ":***@127.0.0.1:1/0?db=2")
          << password;
      EXPECT_EQ(mask_url(scheme + "ada:" + password + "@host"), scheme + "ada:***@host") << password;
    }
  }
}

TEST(MaskUrl, HidesWhatTheRedisIsGivenAsAPassword) {
  EXPECT_EQ(mask_url("redis://ada:123/45@host"), "redis://ada:***@host");
  EXPECT_EQ(mask_url("unix://:p@ss@/run/redis.sock?db=1"), "unix://:***@/run/redis.sock?db=1");
  EXPECT_EQ(mask_url("unix:///run/redis.sock"), "unix:///run/redis.sock");
}

TEST(MaskUrl, HidesWhatASchemeIsMissingFrom) {
  EXPECT_EQ(mask_url("user:pass@host"), "user:***@host");
}

TEST(MaskUrl, HidesSecretsInTheQuery) {
  EXPECT_EQ(mask_url("http://host/x?api_key=abc&page=2&token=t"), "http://host/x?api_key=***&page=2&token=***");
  EXPECT_EQ(mask_url("redis://host?password=p"), "redis://host?password=***");
}

TEST(MaskUrl, FindsTheUrlBehindAName) {
  EXPECT_EQ(mask_url("weather:http://u:p@host"), "weather:http://u:***@host");
}

}  // namespace
}  // namespace pais
