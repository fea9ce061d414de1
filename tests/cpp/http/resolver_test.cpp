#include "http/resolver.h"

#include <atomic>
#include <thread>

#include "gmock/gmock.h"

#include "support/cancellation.h"

namespace pais::http {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using test::kPatience;
using test::Signal;
using test::time_to_cancel;

const std::stop_token kNoStop;

Deadline soon() {
  return deadline_in(milliseconds(100));
}
Deadline patient() {
  return deadline_in(kPatience);
}

TEST(Resolver, DoesNotHoldItsCallerBeyondTheDeadline) {
  const auto release = std::make_shared<Signal>();
  const Resolver resolver([release](const std::string&) -> Result<std::vector<SocketAddress>> {
    release->wait();
    return std::vector{*numeric_address("127.0.0.1")};
  });

  const auto addresses = resolver.resolve("slow.test", 80, soon(), kNoStop);

  ASSERT_FALSE(addresses);
  EXPECT_EQ(addresses.error().code, Code::timed_out);
  release->raise();
}

TEST(Resolver, IsCancelledWhileTheSystemIsAsked) {
  const auto release = std::make_shared<Signal>();
  const Resolver resolver([release](const std::string&) -> Result<std::vector<SocketAddress>> {
    release->wait();
    return std::vector<SocketAddress>{};
  });

  const auto took = time_to_cancel(
      [&](const std::stop_token& stop) { return resolver.resolve("slow.test", 80, patient(), stop).error(); });

  EXPECT_LT(took, milliseconds(1000));
  release->raise();
}

TEST(Resolver, AsksOnceForCallersAtTheSameTime) {
  const auto asked = std::make_shared<std::atomic<int>>(0);
  const auto release = std::make_shared<Signal>();
  const Resolver resolver([=](const std::string&) -> Result<std::vector<SocketAddress>> {
    ++*asked;
    release->wait();
    return std::vector{*numeric_address("127.0.0.1")};
  });
  EXPECT_FALSE(resolver.resolve("same.test", 80, soon(), kNoStop));
  EXPECT_FALSE(resolver.resolve("same.test", 80, soon(), kNoStop));
  std::jthread opener([&] { release->raise(); });

  const auto addresses = resolver.resolve("same.test", 80, patient(), kNoStop);

  ASSERT_TRUE(addresses);
  EXPECT_LE(*asked, 2);  // the last caller may have come after the answer
}

TEST(Resolver, RefusesMoreLookupsThanItCanBear) {
  const auto release = std::make_shared<Signal>();
  const Resolver resolver([release](const std::string&) -> Result<std::vector<SocketAddress>> {
    release->wait();
    return std::vector<SocketAddress>{};
  });
  const Deadline at_once = steady_clock::now();
  for (std::size_t i = 0; i < Resolver::kMaxLookups; ++i) {
    EXPECT_EQ(resolver.resolve("host" + std::to_string(i), 80, at_once, kNoStop).error().code, Code::timed_out);
  }

  const auto addresses = resolver.resolve("one.more", 80, at_once, kNoStop);

  EXPECT_EQ(addresses.error().code, Code::unreachable);
  release->raise();
}

TEST(Resolver, AsksTheSystem) {
  const auto addresses = Resolver::system().resolve("localhost", 80, patient(), kNoStop);

  ASSERT_TRUE(addresses) << addresses.error().describe();
  EXPECT_FALSE(addresses->empty());
}

TEST(Resolver, PassesOnThatANameIsUnknown) {
  const Resolver resolver([](const std::string&) -> Result<std::vector<SocketAddress>> {
    return Error{.code = Code::unreachable, .cause = "nobody of that name"};
  });

  const auto addresses = resolver.resolve("nobody.test", 80, patient(), kNoStop);

  ASSERT_FALSE(addresses);
  EXPECT_EQ(addresses.error().cause, "nobody of that name");
}

}  // namespace
}  // namespace pais::http
