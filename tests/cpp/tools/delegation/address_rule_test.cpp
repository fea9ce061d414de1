#include "tools/delegation/address_rule.h"

#include <gtest/gtest.h>
#include <string>

namespace pais::tools::delegation {
namespace {

bool admits(const AddressRule& rule, const std::string& digits) {
  const auto address = http::numeric_address(digits);
  EXPECT_TRUE(address) << digits;
  return address && rule.admits(*address);
}

bool allows(const AddressRule& rule, const std::string& url) {
  const auto parsed = http::parse_url(url);
  return parsed && rule.check(*parsed);
}

TEST(AddressRule, AdmitsOrdinaryAddresses) {
  for (const char* digits : {"127.0.0.1", "10.1.2.3", "192.168.0.7", "8.8.8.8", "::1", "fd12::1", "2001:db8::1"}) {
    EXPECT_TRUE(admits(AddressRule(), digits)) << digits;
  }
}

TEST(AddressRule, RefusesLinkLocalAndMetadataAddresses) {
  for (const char* digits : {"169.254.169.254", "169.254.0.1", "100.100.100.200", "192.0.0.192", "168.63.129.16",
                             "fe80::1", "febf::1", "fd00:ec2::254"}) {
    EXPECT_FALSE(admits(AddressRule(), digits)) << digits;
  }
}

TEST(AddressRule, RefusesThemInsideIpv6Too) {
  EXPECT_FALSE(admits(AddressRule(), "::ffff:169.254.169.254"));
  EXPECT_FALSE(admits(AddressRule(), "64:ff9b::169.254.169.254"));
}

TEST(AddressRule, RefusesAddressesOfMany) {
  for (const char* digits : {"224.0.0.1", "255.255.255.255", "ff02::1"}) {
    EXPECT_FALSE(admits(AddressRule(), digits)) << digits;
  }
}

TEST(AddressRule, RefusesThemInAUrlBeforeAnythingIsAsked) {
  for (const char* host : {"169.254.169.254", "[fe80::1]", "[fd00:ec2::254]", "[::ffff:169.254.169.254]",
                           "[64:ff9b::a9fe:a9fe]", "2852039166", "0xA9FEA9FE", "169.254.43518", "169.254.169.254."}) {
    EXPECT_FALSE(allows(AddressRule(), "http://" + std::string(host) + ":8000/agent")) << host;
  }
  for (const char* host : {"10.1.2.3", "[::1]", "agents.example", "169.254.169.254.example", "localhost"}) {
    EXPECT_TRUE(allows(AddressRule(), "http://" + std::string(host))) << host;
  }
}

TEST(AddressRule, TakesOnlyWhatIsListed) {
  const AddressRule rule("agents.example, 10.0.0.0/8");

  EXPECT_TRUE(allows(rule, "http://math.agents.example:8000"));
  EXPECT_TRUE(allows(rule, "https://10.4.5.6/agent"));
  EXPECT_FALSE(allows(rule, "http://evilagents.example"));
  EXPECT_FALSE(allows(rule, "http://192.168.0.1"));
}

TEST(AddressRule, LetsANameThatIsListedLeadToNoRefusedAddress) {
  const AddressRule rule("agents.example");

  EXPECT_FALSE(admits(rule, "169.254.169.254"));
}

TEST(AddressRule, AdmitsARefusedAddressThatIsListedItself) {
  const AddressRule rule("169.254.10.0/24");

  EXPECT_TRUE(admits(rule, "169.254.10.9"));
  EXPECT_TRUE(allows(rule, "http://169.254.10.9:8000"));
  EXPECT_FALSE(admits(rule, "169.254.169.254"));
}

TEST(AddressRule, AllowsARefusedAddressAtThePortThatIsListed) {
  const AddressRule rule("169.254.10.9:8000");

  EXPECT_TRUE(allows(rule, "http://169.254.10.9:8000"));
  EXPECT_FALSE(allows(rule, "http://169.254.10.9"));
}

TEST(AddressRule, TakesNothingButHttp) {
  EXPECT_FALSE(allows(AddressRule(), "unix://%2Frun%2Fagent.sock"));
  EXPECT_TRUE(allows(AddressRule(), "https://agents.example"));
}

}  // namespace
}  // namespace pais::tools::delegation
