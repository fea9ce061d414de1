#include "memory/redis_url.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace pais::memory {
namespace {

using testing::HasSubstr;
using testing::Not;

RedisAddress read(const std::string& url) {
  const auto address = read_redis_url(url);
  EXPECT_TRUE(address) << url << ": " << address.error().describe();
  return address ? *address : RedisAddress();
}

TEST(RedisUrl, NamesAHost) {
  const RedisAddress address = read("redis://cache.internal");

  EXPECT_EQ(address.endpoint.host, "cache.internal");
  EXPECT_EQ(address.endpoint.port, 6379);
  EXPECT_EQ(address.db, 0);
  EXPECT_FALSE(address.tls);
}

TEST(RedisUrl, NamesEverything) {
  const RedisAddress address = read("rediss://ada:se%40cret@cache:7000/3");

  EXPECT_EQ(address.endpoint.host, "cache");
  EXPECT_EQ(address.endpoint.port, 7000);
  EXPECT_EQ(address.user, "ada");
  EXPECT_EQ(address.password, "se@cret");
  EXPECT_EQ(address.db, 3);
  EXPECT_TRUE(address.tls);
}

TEST(RedisUrl, TakesAPasswordWithoutAUser) {
  const RedisAddress address = read("redis://:p/a:s?s@w%rd@cache");

  EXPECT_EQ(address.user, "");
  EXPECT_EQ(address.password, "p/a:s?s@w%rd");
  EXPECT_EQ(address.endpoint.host, "cache");
}

TEST(RedisUrl, TakesAnIpv6Address) {
  const RedisAddress address = read("redis://[::1]:7000/1");

  EXPECT_EQ(address.endpoint.host, "::1");
  EXPECT_EQ(address.endpoint.port, 7000);
  EXPECT_EQ(address.db, 1);
}

TEST(RedisUrl, TakesAUnixSocket) {
  const RedisAddress address = read("unix://:secret@/run/redis.sock?db=2");

  EXPECT_EQ(address.endpoint.socket_path, "/run/redis.sock");
  EXPECT_EQ(address.password, "secret");
  EXPECT_EQ(address.db, 2);
}

TEST(RedisUrl, TakesTheQueryOfOthers) {
  const RedisAddress address = read("redis://cache?db=4&username=ada&password=secret&socket_timeout=5");

  EXPECT_EQ(address.db, 4);
  EXPECT_EQ(address.user, "ada");
  EXPECT_EQ(address.password, "secret");
}

TEST(RedisUrl, IsRefusedWithoutBeingQuoted) {
  for (const char* url : {"", "secret", "secret@cache:6379", "http://:secret@cache", "redis+sentinel://:secret@cache",
                          "redis://:secret@cache:port", "redis://:secret@cache:0", "redis://:secret@cache:70000",
                          "redis://:secret@cache/db", "redis://:secret@cache/-1", "redis://:secret@[::1",
                          "unix://:secret@run/redis.sock", "unix://:secret@/run/redis.sock?db=x"}) {
    const auto address = read_redis_url(url);
    ASSERT_FALSE(address) << url;
    EXPECT_EQ(address.error().code, Code::invalid_setting) << url;
    EXPECT_THAT(address.error().describe(), Not(HasSubstr("secret"))) << url;
  }
}

}  // namespace
}  // namespace pais::memory
