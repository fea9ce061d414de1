#include <atomic>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "nlohmann/json.hpp"

#include "base/json.h"
#include "events/run.h"
#include "support/cancellation.h"
#include "support/captured_log.h"
#include "support/eventually.h"
#include "support/raw_server.h"
#include "support/test_server.h"
#include "tools/delegation/open_delegation.h"

namespace pais::tools::delegation {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::seconds;
using test::eventually;
using test::Signal;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Le;
using ::testing::SizeIs;

constexpr const char* kDone = R"({"choices":[{"message":{"content":"done"}}],"usage":{"prompt_tokens":3}})";

http::Handler replies(const std::string& body) {
  return [body](const std::shared_ptr<http::Exchange>& exchange) { exchange->reply(http::Response{.body = body}); };
}

// Another agent: it tells what it was asked, and answers as the test likes.
class OtherAgent {
 public:
  explicit OtherAgent(http::Handler chat = replies(kDone), http::Handler card = replies(R"({"name":"Worker"})"),
                      int port = 0)
      : server_({{.method = "POST",
                  .pattern = "/v1/chat/completions",
                  .lane = http::Lane::run,
                  .handler =
                      [this, chat = std::move(chat)](const std::shared_ptr<http::Exchange>& exchange) {
                        {
                          const std::scoped_lock lock(mutex_);
                          asked_.push_back(exchange->request());
                        }
                        chat(exchange);
                      }},
                 {.method = "GET", .pattern = "/.well-known/agent.json", .handler = std::move(card)}},
                {.port = port}) {}

  int port() const { return server_.port(); }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(server_.port()); }
  std::vector<http::Request> asked() const {
    const std::scoped_lock lock(mutex_);
    return asked_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<http::Request> asked_;
  test::TestServer server_;  // the last member: its threads use the others
};

class Ear : public events::RunListener {
 public:
  void on(const events::RunEvent& event) override {
    if (const auto* start = std::get_if<events::DelegationStarted>(&event.what)) started.push_back(*start);
    if (const auto* progress = std::get_if<events::DelegationProgressed>(&event.what)) progressed.push_back(*progress);
    if (const auto* end = std::get_if<events::DelegationEnded>(&event.what)) ended.push_back(*end);
  }
  std::vector<events::DelegationStarted> started;
  std::vector<events::DelegationProgressed> progressed;
  std::vector<events::DelegationEnded> ended;
};

class DelegationTest : public testing::Test {
 protected:
  static DelegationOptions options(const std::string& url) {
    return {.agent = "lead", .peers = {{.name = "worker", .url = url}}, .timeout = seconds(10)};
  }

  ToolResult delegate(DelegationToolset& tools, std::stop_token stop = {}) {
    return *tools.call({.id = "c1", .tool = "delegate_to_worker", .arguments = R"({"task":"dig"})"}, context_,
                       std::move(stop));
  }

  Ear ear_;
  events::RunSink sink_{{.run_id = "run_1", .session_id = "s1", .agent = "lead", .request_id = "", .trace_id = ""},
                        {&ear_}};
  std::vector<events::Utterance> history_;
  CallContext context_{.run = sink_, .history = history_, .prompt = "hello"};
};

TEST(OpenDelegation, IsNothingWithoutPeers) {
  EXPECT_EQ(open_delegation({.agent = "lead"}), nullptr);
}

TEST_F(DelegationTest, OffersEveryPeerReachableOrNot) {
  const auto tools = open_delegation(options("http://127.0.0.1:1"));

  const auto list = tools->tools();

  ASSERT_THAT(*list, SizeIs(1));
  EXPECT_EQ(list->front().name, "delegate_to_worker");
  EXPECT_EQ(list->front().description, "Delegate a task to the worker agent.");
  EXPECT_EQ(list->front().skill_description, "Delegate task to worker");
}

TEST_F(DelegationTest, TakesDescriptionsFromTheCardAndKeepsTheListWhileItIsTheSame) {
  std::atomic<int> version = 1;
  OtherAgent other(replies(kDone), [&](const std::shared_ptr<http::Exchange>& exchange) {
    const std::string text = version == 1 ? "Digs." : "Digs deeper.";
    exchange->reply(http::Response{.body = R"({"name":"Worker","description":")" + text + "\"}"});
  });
  auto fast = options(other.url());
  fast.refresh = milliseconds(1);
  const auto tools = open_delegation(fast);
  const auto described = [&] { return tools->tools()->front().description; };

  ASSERT_TRUE(eventually([&] { return described() == "Delegate a task to the Worker agent: Digs."; })) << described();
  EXPECT_EQ(tools->tools(), tools->tools());
  version = 2;

  EXPECT_TRUE(eventually([&] { return described() == "Delegate a task to the Worker agent: Digs deeper."; }));
}

TEST_F(DelegationTest, AsksOncePerCallAndTellsWhatCameOfIt) {
  OtherAgent other;
  const auto tools = open_delegation(options(other.url()));

  const auto result = delegate(*tools);

  EXPECT_EQ(result.content, "done");
  EXPECT_FALSE(result.is_error);
  EXPECT_EQ(result.spent.input_tokens, 3);
  ASSERT_THAT(other.asked(), SizeIs(1));
  const auto body = parse_json(other.asked()[0].body);
  EXPECT_EQ(body->dump(),
            R"({"messages":[{"content":"hello","role":"user"},{"content":"dig","role":"task-delegation"}],)"
            R"("model":"worker","stream":false})");
  ASSERT_THAT(ear_.started, SizeIs(1));
  EXPECT_EQ(ear_.started[0].task, "dig");
  ASSERT_THAT(ear_.ended, SizeIs(1));
  EXPECT_EQ(ear_.ended[0].usage.input_tokens, 3);
}

TEST_F(DelegationTest, NeverBeginsTheContextWithAnAnswer) {
  OtherAgent other;
  auto few = options(other.url());
  few.context_limit = 3;
  const auto tools = open_delegation(few);
  history_ = {{events::Speaker::user, "1"},
              {events::Speaker::assistant, "2"},
              {events::Speaker::user, "3"},
              {events::Speaker::assistant, "4"}};

  delegate(*tools);

  const auto body = parse_json(other.asked()[0].body);
  EXPECT_EQ((*body)["messages"][0]["content"], "3");
}

TEST_F(DelegationTest, TellsWhoStandsAboveAndKeepsTheSessionForBaggage) {
  OtherAgent other;
  const auto tools = open_delegation(options(other.url()));
  context_.lineage = {.depth = 1, .path = {"boss"}};
  context_.left = {.steps = 3, .tokens = 70};

  delegate(*tools);

  const auto request = other.asked()[0];
  EXPECT_EQ(request.header("X-PAIS-Delegation-Depth"), "2");
  EXPECT_EQ(request.header("X-PAIS-Delegation-Path"), "boss,lead");
  EXPECT_EQ(request.header("X-PAIS-Budget-Steps"), "3");
  EXPECT_EQ(request.header("X-PAIS-Budget-Tokens"), "70");
  EXPECT_EQ(request.header("baggage"), "session.id=s1");
  EXPECT_EQ(request.header("X-Session-ID"), "");
}

TEST_F(DelegationTest, RefusesAnAgentThatStandsAboveByTheNameOfItsCard) {
  OtherAgent other;
  const auto tools = open_delegation(options(other.url()));
  ASSERT_TRUE(eventually([&] { return tools->peers()[0].state == Peer::State::ready; }));
  context_.lineage = {.depth = 1, .path = {"Worker"}};

  const auto result = delegate(*tools);

  EXPECT_EQ(result.content, "[Delegation failed: too many hops]");
  EXPECT_TRUE(result.is_error);
  EXPECT_FALSE(result.counts_as_retry);
  EXPECT_THAT(other.asked(), SizeIs(0));
  ASSERT_THAT(ear_.ended, SizeIs(1));
  EXPECT_TRUE(ear_.ended[0].is_error);
}

TEST_F(DelegationTest, TellsTheLogOfTooManyHops) {
  OtherAgent other;
  const auto tools = open_delegation(options(other.url()));
  context_.lineage = {.depth = 8, .path = {"boss"}};
  const test::CapturedLog log;

  delegate(*tools);

  EXPECT_THAT(log.text(), HasSubstr("too many hops: Agent worker would be asked after 8 of 8, by way of: boss"));
}

TEST_F(DelegationTest, CallsAnAgentByTheNameThatModelsTake) {
  OtherAgent other;
  auto dotted = options(other.url());
  dotted.peers.front().name = "math.team";
  const auto tools = open_delegation(dotted);
  ASSERT_EQ(tools->tools()->front().name, "delegate_to_math_team");

  const auto result =
      *tools->call({.id = "c1", .tool = "delegate_to_math_team", .arguments = R"({"task":"dig"})"}, context_, {});

  EXPECT_EQ(result.content, "done");
  EXPECT_EQ((*parse_json(other.asked()[0].body))["model"], "math.team");
  EXPECT_EQ(ear_.started[0].agent, "math.team");
}

TEST_F(DelegationTest, KeepsTheIdOfAConversationThereWithinWhatAgentsTake) {
  OtherAgent other;
  auto same = options(other.url());
  same.same_session = true;
  const auto tools = open_delegation(same);
  const auto session_there = [&](const std::string& ours) {
    events::RunSink sink({.run_id = "run_1", .session_id = ours, .agent = "lead", .request_id = "", .trace_id = ""},
                         {&ear_});
    const CallContext context{.run = sink, .history = history_, .prompt = "hello"};
    const auto result =
        tools->call({.id = "c1", .tool = "delegate_to_worker", .arguments = R"({"task":"dig"})"}, context, {});
    EXPECT_TRUE(result);
    return std::string(other.asked().back().header("X-Session-ID"));
  };
  const std::string longest(256, 'x');

  EXPECT_EQ(session_there("s1"), "s1.worker");
  EXPECT_EQ(session_there(std::string(249, 'x')), std::string(249, 'x') + ".worker");
  EXPECT_EQ(session_there(longest).size(), 256U);
  EXPECT_EQ(session_there(longest), session_there(longest));
  EXPECT_NE(session_there(longest), session_there(longest.substr(1) + "y"));
}

TEST_F(DelegationTest, CountsWhatAFailureCost) {
  OtherAgent other([](const std::shared_ptr<http::Exchange>& exchange) {
    exchange->reply(http::Response{.status = 500, .body = R"({"error":{},"usage":{"prompt_tokens":40}})"});
  });
  const auto tools = open_delegation(options(other.url()));

  const auto result = delegate(*tools);

  EXPECT_EQ(result.content, "[Delegation failed: Agent worker answered 500]");
  EXPECT_EQ(result.spent.input_tokens, 40);
}

TEST_F(DelegationTest, GivesUpWithTheRunsOwnTimeWithoutBlamingTheAgent) {
  Signal end;
  OtherAgent other([&](const std::shared_ptr<http::Exchange>&) { end.wait(); });
  const auto tools = open_delegation(options(other.url()));
  for (int i = 0; i < 6; ++i) {
    context_.deadline = std::chrono::steady_clock::now() + milliseconds(20);

    EXPECT_EQ(delegate(*tools).content, "[Delegation failed: Agent worker timed out]");
  }
  end.raise();
}

TEST_F(DelegationTest, EndsAtOnceWhenItIsCalledOff) {
  Signal asked;
  Signal end;
  OtherAgent other([&](const std::shared_ptr<http::Exchange>&) {
    asked.raise();
    end.wait();
  });
  const auto tools = open_delegation(options(other.url()));
  std::stop_source stop;
  std::jthread stopper([&] {
    EXPECT_TRUE(asked.wait());
    stop.request_stop();
  });

  EXPECT_EQ(delegate(*tools, stop.get_token()).content, "[Delegation failed: Agent worker was called off]");
  end.raise();
}

TEST_F(DelegationTest, NeverRepeatsARequestThatMayHaveBeenReceived) {
  std::atomic<int> requests = 0;
  test::RawServer other([&](test::RawPeer& peer) {
    const std::string request = peer.read_request();
    if (request.starts_with("POST")) ++requests;
  });
  const auto tools = open_delegation(options("http://127.0.0.1:" + std::to_string(other.port())));

  const auto result = delegate(*tools);

  EXPECT_EQ(result.content, "[Delegation failed: Agent worker sent no usable answer]");
  EXPECT_EQ(requests, 1);
}

TEST_F(DelegationTest, KeepsItsConnection) {
  std::mutex mutex;
  std::vector<std::string> peers;
  OtherAgent other([&](const std::shared_ptr<http::Exchange>& exchange) {
    {
      const std::scoped_lock lock(mutex);
      peers.push_back(exchange->request().peer);
    }
    exchange->reply(http::Response{.body = kDone});
  });
  const auto tools = open_delegation(options(other.url()));
  ASSERT_TRUE(eventually([&] { return tools->peers()[0].state == Peer::State::ready; }));

  delegate(*tools);
  delegate(*tools);

  EXPECT_EQ(peers[0], peers[1]);
}

TEST_F(DelegationTest, StreamsFromAgentsThatTellOfProgressWhenSomebodyListens) {
  OtherAgent other(
      [](const std::shared_ptr<http::Exchange>& exchange) {
        auto* stream = exchange->stream({});
        stream->write(
            "event: progress\ndata: {\"type\":\"progress\",\"step\":2,\"max_steps\":5,\"action\":\"delegate\","
            "\"target\":\"units\",\"agent\":\"deep\"}\n\n"
            "data: {\"choices\":[{\"delta\":{\"content\":\"done\"}}]}\n\ndata: [DONE]\n\n");
        exchange->finish();
      },
      [](const std::shared_ptr<http::Exchange>& exchange) {
        exchange->reply(http::Response{.headers = {{"X-PAIS-Tells", "progress"}}, .body = "{}"});
      });
  const auto tools = open_delegation(options(other.url()));
  ASSERT_TRUE(eventually([&] { return tools->peers()[0].state == Peer::State::ready; }));
  context_.stream = true;

  EXPECT_EQ(delegate(*tools).content, "done");

  EXPECT_EQ(other.asked()[0].header("X-PAIS-Progress"), "event");
  ASSERT_THAT(ear_.progressed, SizeIs(1));
  EXPECT_EQ(ear_.progressed[0].call_id, "c1");
  EXPECT_EQ(ear_.progressed[0].agent, "worker/deep");
  EXPECT_EQ(ear_.progressed[0].step, 2);
  EXPECT_TRUE(ear_.progressed[0].delegation);
  EXPECT_EQ(ear_.progressed[0].target, "units");
}

// One of ours, or so it says: whatever its task is, it tells of progress and of nothing else, without end.
void tell_without_end(test::RawPeer& peer) {
  if (peer.read_request().starts_with("GET")) {
    return peer.send("HTTP/1.1 200 OK\r\nX-PAIS-Tells: progress\r\nContent-Length: 2\r\n\r\n{}");
  }
  std::string tellings;
  for (int i = 0; i < 1000; ++i) tellings += "event: progress\ndata: {\"type\":\"progress\",\"target\":\"x\"}\n\n";
  peer.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n");
  while (!peer.hung_up(milliseconds(0))) peer.send(tellings);
}

TEST_F(DelegationTest, EndsWithItsTimeAlsoForAnAgentThatNeverPauses) {
  test::RawServer other(tell_without_end);
  auto hasty = options("http://127.0.0.1:" + std::to_string(other.port()));
  hasty.timeout = milliseconds(500);
  const auto tools = open_delegation(hasty);
  ASSERT_TRUE(eventually([&] { return tools->peers()[0].state == Peer::State::ready; }));
  context_.stream = true;

  EXPECT_EQ(delegate(*tools).content, "[Delegation failed: Agent worker timed out]");

  EXPECT_THAT(ear_.progressed, SizeIs(Le(ReplyStream::kMostProgress)));
}

TEST_F(DelegationTest, AnAgentThatIsNotHeardIsNoTroubleToThoseThatAre) {
  test::RawServer silent([](test::RawPeer& peer) {
    peer.read_request();
    peer.hung_up();
  });
  OtherAgent other;
  auto two = options(other.url());
  two.peers.push_back({.name = "silent", .url = "http://127.0.0.1:" + std::to_string(silent.port())});

  const auto tools = open_delegation(two);

  EXPECT_EQ(delegate(*tools).content, "done");
  EXPECT_EQ(tools->peers()[1].state, Peer::State::unknown);
}

TEST_F(DelegationTest, AnAgentThatACallDoesNotFindIsSaidToBeAwayAndFoundAgain) {
  auto other = std::make_unique<OtherAgent>();
  const int port = other->port();
  auto never = options(other->url());
  never.refresh = milliseconds(0);  // the card alone would never be read again
  const auto tools = open_delegation(never);
  const auto state = [&] { return tools->peers().front().state; };
  ASSERT_TRUE(eventually([&] { return state() == Peer::State::ready; }));

  other.reset();
  EXPECT_THAT(delegate(*tools).content, HasSubstr("unavailable"));
  EXPECT_EQ(state(), Peer::State::unavailable);

  other = std::make_unique<OtherAgent>(replies(kDone), replies("{}"), port);
  EXPECT_TRUE(eventually([&] { return state() == Peer::State::ready; }));
}

TEST_F(DelegationTest, AnAgentThatBreaksOffIsLookedFor) {
  std::atomic<int> cards = 0;
  OtherAgent other(replies("no answer"), [&](const std::shared_ptr<http::Exchange>& exchange) {
    ++cards;
    exchange->reply(http::Response{.body = R"({"name":"Worker"})"});
  });
  auto never = options(other.url());
  never.refresh = milliseconds(0);
  const auto tools = open_delegation(never);
  ASSERT_TRUE(eventually([&] { return cards == 1; }));

  EXPECT_THAT(delegate(*tools).content, HasSubstr("no usable answer"));

  EXPECT_TRUE(eventually([&] { return cards == 2; }));
}

TEST_F(DelegationTest, AsksForATaskThatIsText) {
  OtherAgent other;
  const auto tools = open_delegation(options(other.url()));

  const auto result =
      *tools->call({.id = "c1", .tool = "delegate_to_worker", .arguments = R"({"task":7})"}, context_, {});

  EXPECT_TRUE(result.counts_as_retry);
  EXPECT_THAT(result.content, HasSubstr("task"));
}

}  // namespace
}  // namespace pais::tools::delegation
