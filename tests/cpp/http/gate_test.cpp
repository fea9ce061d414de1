#include "http/gate.h"

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <sys/stat.h>

#include "gmock/gmock.h"

#include "support/eventually.h"

namespace pais::http {
namespace {

using testing::Pair;
using testing::UnorderedElementsAre;

constexpr bool kLoopback = true;
constexpr bool kBeyond = false;

Request asking(Headers headers = {}, std::string method = "GET") {
  Request request;
  request.method = std::move(method);
  request.headers = std::move(headers);
  return request;
}

std::optional<Code> refusal(Gate& gate, const Request& request, std::string_view host = "localhost",
                            Access access = Access::key) {
  const auto error = gate.refuse(request, host, access);
  return error ? std::optional(error->code) : std::nullopt;
}

// A file of its own for each test, gone with it.
class KeyFile {
 public:
  explicit KeyFile(std::string_view content)
      : path_(std::filesystem::temp_directory_path() /
              ("pais-keys-" + std::to_string(std::chrono::steady_clock::now().time_since_epoch().count()))) {
    write(content);
  }
  ~KeyFile() { remove(); }

  // As those who rotate keys do it: the new file takes the place of the old one.
  void write(std::string_view content) const {
    const std::filesystem::path fresh = path_.string() + ".new";
    std::ofstream(fresh) << content;
    std::filesystem::rename(fresh, path_);
  }
  void remove() const { std::filesystem::remove(path_); }
  std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

TEST(Gate, OnLoopbackAnswersOnlyForNamesOfThisMachine) {
  Gate gate({}, kLoopback);

  for (const char* host :
       {"localhost", "LocalHost:8000", "127.0.0.1", "127.0.0.1:8000", "127.8.9.1", "[::1]", "[::1]:80", ""}) {
    EXPECT_EQ(refusal(gate, asking(), host), std::nullopt) << host;
  }
  for (const char* host :
       {"evil.example", "evil.example:8000", "localhost.evil.example", "127.0.0.1.evil.example", "127.evil.example",
        "10.0.0.1", "[::2]", "[::1]evil", "0.0.0.0", "localhost.", "127.1..evil"}) {
    EXPECT_EQ(refusal(gate, asking(), host), Code::host_refused) << host;
  }
}

TEST(Gate, OnLoopbackAnswersForHostsThatASettingNames) {
  Gate gate({.allowed_hosts = {"agent.test", "port.test:8000"}}, kLoopback);

  EXPECT_EQ(refusal(gate, asking(), "Agent.Test:1234"), std::nullopt);
  EXPECT_EQ(refusal(gate, asking(), "port.test:8000"), std::nullopt);
  EXPECT_EQ(refusal(gate, asking(), "port.test:8001"), Code::host_refused);
  EXPECT_EQ(refusal(gate, asking(), "other.test"), Code::host_refused);
}

TEST(Gate, OnLoopbackRefusesPagesOfOtherOrigins) {
  Gate gate({}, kLoopback);

  EXPECT_EQ(refusal(gate, asking({{"Origin", "http://localhost:3000"}})), std::nullopt);
  for (const char* origin : {"https://evil.example", "null", "localhost", "http://localhost.evil.example", "file://"}) {
    EXPECT_EQ(refusal(gate, asking({{"Origin", origin}})), Code::origin_refused) << origin;
  }
}

TEST(Gate, OnLoopbackLetsOriginsInThatASettingNames) {
  Gate listed({.cors_origins = {"https://ui.test"}}, kLoopback);
  Gate all({.cors_origins = {"*"}}, kLoopback);

  EXPECT_EQ(refusal(listed, asking({{"Origin", "https://ui.test"}})), std::nullopt);
  EXPECT_EQ(refusal(listed, asking({{"Origin", "http://ui.test"}})), Code::origin_refused);
  EXPECT_EQ(refusal(all, asking({{"Origin", "https://evil.example"}})), std::nullopt);
}

TEST(Gate, BeyondLoopbackAnyHostAndOriginMayAsk) {
  Gate gate({}, kBeyond);

  EXPECT_EQ(refusal(gate, asking({{"Origin", "https://evil.example"}}), "agent.cluster.local"), std::nullopt);
}

TEST(Gate, TakesAKeyInEitherHeader) {
  Gate gate({.auth_required = true, .api_keys = {"first", "second"}}, kBeyond);

  EXPECT_EQ(refusal(gate, asking({{"X-API-Key", "first"}})), std::nullopt);
  EXPECT_EQ(refusal(gate, asking({{"x-api-key", "second"}})), std::nullopt);
  EXPECT_EQ(refusal(gate, asking({{"Authorization", "Bearer second"}})), std::nullopt);
  EXPECT_EQ(refusal(gate, asking({{"authorization", "bearer first"}})), std::nullopt);
  EXPECT_EQ(refusal(gate, asking({{"X-API-Key", "wrong"}, {"Authorization", "Bearer first"}})), std::nullopt);
}

TEST(Gate, RefusesEveryOtherKey) {
  Gate gate({.auth_required = true, .api_keys = {"first", "second"}}, kBeyond);

  EXPECT_EQ(refusal(gate, asking()), Code::unauthorized);
  for (const char* key : {"", "firs", "first2", "First", "first,second", " first"}) {
    EXPECT_EQ(refusal(gate, asking({{"X-API-Key", key}})), Code::unauthorized) << key;
  }
  for (const char* value : {"", "Bearer", "Bearer ", "Bearer  first", "Basic first", "first", "Bearerfirst"}) {
    EXPECT_EQ(refusal(gate, asking({{"Authorization", value}})), Code::unauthorized) << value;
  }
}

TEST(Gate, AnEmptyKeyOpensNothing) {
  Gate gate({.auth_required = true, .api_keys = {"", "real"}}, kBeyond);

  EXPECT_EQ(refusal(gate, asking({{"X-API-Key", ""}})), Code::unauthorized);
  EXPECT_EQ(refusal(gate, asking({{"Authorization", "Bearer "}})), Code::unauthorized);
}

TEST(Gate, LetsOpenRoutesAndPreflightsInWithoutAKey) {
  Gate gate({.auth_required = true, .api_keys = {"key"}}, kBeyond);
  const Headers preflight = {{"Origin", "https://ui.test"}, {"Access-Control-Request-Method", "POST"}};

  EXPECT_EQ(refusal(gate, asking(), "a", Access::open), std::nullopt);
  EXPECT_EQ(refusal(gate, asking(preflight, "OPTIONS")), std::nullopt);
  EXPECT_EQ(refusal(gate, asking(preflight, "POST")), Code::unauthorized);
  EXPECT_EQ(refusal(gate, asking({{"Origin", "https://ui.test"}}, "OPTIONS")), Code::unauthorized);
}

TEST(Gate, ReadsTheKeyFileAgainWhenItChanges) {
  const KeyFile file("# keys of today\n  spaced\t\r\n\nplain\n");
  Gate gate({.auth_required = true, .api_keys = {"fixed"}, .api_key_file = file.path()}, kBeyond);
  const auto opens = [&](const char* key) { return !refusal(gate, asking({{"X-API-Key", key}})); };
  EXPECT_TRUE(opens("plain"));
  EXPECT_TRUE(opens("spaced"));
  EXPECT_FALSE(opens("# keys of today"));

  file.write("tomorrow\n");

  EXPECT_TRUE(test::eventually([&] { return opens("tomorrow"); }));
  EXPECT_FALSE(opens("plain"));
  EXPECT_TRUE(opens("fixed"));
}

TEST(Gate, KeepsTheKeysOfAFileThatIsGone) {
  const KeyFile file("first\n");
  Gate gate({.auth_required = true, .api_key_file = file.path()}, kBeyond);
  const auto opens = [&](const char* key) { return !refusal(gate, asking({{"X-API-Key", key}})); };

  file.remove();
  // Its return is seen only after its absence would have been.
  EXPECT_FALSE(test::eventually([&] { return !opens("first"); }, std::chrono::seconds(1)));
  file.write("second\n");

  EXPECT_TRUE(test::eventually([&] { return opens("second"); }));
  EXPECT_FALSE(opens("first"));
}

TEST(Gate, DoesNotWaitForAKeyFileThatIsAPipe) {
  const KeyFile file("first\n");
  Gate gate({.auth_required = true, .api_key_file = file.path()}, kBeyond);
  const auto opens = [&](const char* key) { return !refusal(gate, asking({{"X-API-Key", key}})); };

  file.remove();
  ASSERT_EQ(::mkfifo(file.path().c_str(), 0600), 0);
  EXPECT_FALSE(test::eventually([&] { return !opens("first"); }, std::chrono::seconds(1)));
  file.write("second\n");

  EXPECT_TRUE(test::eventually([&] { return opens("second"); }));
}

TEST(Gate, KnowsWhetherThereAreKeys) {
  const KeyFile file("one\n");

  EXPECT_FALSE(Gate({}, kLoopback).has_keys());
  EXPECT_TRUE(Gate({.api_keys = {"a"}}, kLoopback).has_keys());
  EXPECT_TRUE(Gate({.api_key_file = file.path()}, kLoopback).has_keys());
}

TEST(Gate, TellsABrowserWhatItMayRead) {
  const Gate listed({.cors_origins = {"https://ui.test"}}, kBeyond);
  const Gate all({.cors_origins = {"*"}}, kBeyond);
  const Gate none({}, kBeyond);
  const Request known = asking({{"Origin", "https://ui.test"}});

  EXPECT_THAT(listed.cors_headers(known),
              UnorderedElementsAre(Pair("Access-Control-Allow-Origin", "https://ui.test"),
                                   Pair("Access-Control-Expose-Headers", "X-Session-ID, X-Run-ID, X-Request-ID"),
                                   Pair("Vary", "Origin")));
  EXPECT_EQ(find_header(all.cors_headers(known), "Access-Control-Allow-Origin"), "*");
  EXPECT_EQ(
      find_header(listed.cors_headers(asking({{"Origin", "https://evil.example"}})), "Access-Control-Allow-Origin"),
      "");
  EXPECT_TRUE(none.cors_headers(known).empty());
}

TEST(Gate, AnswersAPreflightOfAKnownOriginWithWhatItAskedFor) {
  const Gate gate({.cors_origins = {"https://ui.test"}}, kBeyond);
  const Request request = asking({{"Origin", "https://ui.test"},
                                  {"Access-Control-Request-Method", "POST"},
                                  {"Access-Control-Request-Headers", "x-api-key, content-type"}},
                                 "OPTIONS");

  const Response response = gate.preflight(request, "POST, OPTIONS");

  EXPECT_EQ(response.status, 204);
  EXPECT_EQ(find_header(response.headers, "Allow"), "POST, OPTIONS");
  EXPECT_EQ(find_header(response.headers, "Access-Control-Allow-Methods"), "POST, OPTIONS");
  EXPECT_EQ(find_header(response.headers, "Access-Control-Allow-Headers"), "x-api-key, content-type");
}

TEST(Gate, GrantsAPreflightOfAnUnknownOriginNothing) {
  const Gate gate({.cors_origins = {"https://ui.test"}}, kBeyond);

  const Response response = gate.preflight(
      asking({{"Origin", "https://evil.example"}, {"Access-Control-Request-Method", "POST"}}, "OPTIONS"), "POST");

  EXPECT_EQ(find_header(response.headers, "Access-Control-Allow-Methods"), "");
  EXPECT_EQ(find_header(response.headers, "Access-Control-Allow-Headers"), "");
}

}  // namespace
}  // namespace pais::http
