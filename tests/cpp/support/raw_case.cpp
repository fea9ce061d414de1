#include "support/raw_case.h"

#include "gmock/gmock.h"
#include "nlohmann/json.hpp"

#include "support/eventually.h"

namespace pais::test {
namespace {

void send(TestServer& server, RawClient& client, const std::vector<std::string>& pieces) {
  for (const std::string& piece : pieces) {
    const auto read_before = server->stats().bytes_in;
    client.send(piece);
    if (&piece == &pieces.back()) return;
    EXPECT_TRUE(
        eventually([&] { return server->stats().bytes_in >= read_before + piece.size() || client.has_news(); }));
  }
}

void play_one(TestServer& server, const RawCase& one) {
  const testing::ScopedTrace trace(__FILE__, __LINE__, one.name);
  RawClient client(server.port());

  send(server, client, one.pieces);
  const RawAnswer answer = client.read_answer(one.reading);

  EXPECT_EQ(answer.status, one.status) << answer.body;
  if (one.status != 0) {
    EXPECT_TRUE(answer.whole);
    EXPECT_FALSE(answer.header("X-Request-ID").empty());
    EXPECT_EQ(answer.header("Connection"), one.closes ? "close" : "keep-alive");
  }
  if (one.code) expect_error(answer, *one.code);
  if (one.closes) {
    EXPECT_TRUE(client.ends());
    EXPECT_EQ(client.received(), "") << "nothing may follow";
  } else {
    client.send(get("/health"));
    EXPECT_EQ(client.read_answer().status, 200) << "on the same connection";
  }
  EXPECT_TRUE(server.healthy());
}

}  // namespace

void play(TestServer& server, std::span<const RawCase> cases) {
  for (const RawCase& one : cases) play_one(server, one);
}

void expect_error(const RawAnswer& answer, Code code) {
  const CodeFacts& known = facts(code);
  EXPECT_EQ(answer.status, known.status);
  EXPECT_EQ(answer.header("Content-Type"), "application/json");
  EXPECT_EQ(answer.header("x-should-retry"), known.may_retry ? "" : "false");
  EXPECT_FALSE(answer.header("X-Request-ID").empty());

  const auto body = nlohmann::json::parse(answer.body, nullptr, false);
  const nlohmann::json expected = {
      {"error", {{"message", known.sentence}, {"type", known.type}, {"param", nullptr}, {"code", known.name}}},
      {"detail", known.sentence}};
  EXPECT_EQ(body, expected);
}

}  // namespace pais::test
