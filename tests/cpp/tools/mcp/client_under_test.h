// The whole client, with what a run would give it.
#pragma once

#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "events/run.h"
#include "support/eventually.h"
#include "tools/mcp/fake_server.h"
#include "tools/mcp/open_mcp.h"

namespace pais::test {

// What all runs together were told.
class Heard : public events::RunListener {
 public:
  void on(const events::RunEvent& event) override {
    const std::scoped_lock lock(mutex_);
    told_.push_back(event.what);
  }

  template <typename Kind>
  std::vector<Kind> all() const {
    const std::scoped_lock lock(mutex_);
    std::vector<Kind> found;
    for (const events::Happening& each : told_) {
      if (const auto* what = std::get_if<Kind>(&each)) found.push_back(*what);
    }
    return found;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<events::Happening> told_;  // guarded by mutex_
};

class ClientUnderTest {
 public:
  using State = tools::mcp::ServerStatus::State;

  explicit ClientUnderTest(tools::mcp::McpOptions options) {
    options.first_pause = std::chrono::milliseconds(20);
    options.longest_pause = std::chrono::milliseconds(100);
    toolset = tools::mcp::open_mcp(std::move(options), std::make_shared<const http::Client>());
    EXPECT_TRUE(toolset->wait_until_tried(kPatience));
  }
  explicit ClientUnderTest(const FakeServer& server) : ClientUnderTest(options_for(server)) {}

  static tools::mcp::McpOptions options_for(const FakeServer& server) {
    return {.servers = {{.name = "fake", .url = server.url()}}};
  }

  Result<tools::ToolResult> ask(const std::string& tool, const std::string& arguments = "{}", std::stop_token stop = {},
                                std::shared_ptr<const telemetry::Propagation> propagation = {}) {
    events::RunSink run({}, {&heard});
    const std::vector<events::Utterance> history;
    const tools::CallContext context{
        .run = run, .history = history, .prompt = "", .deadline = deadline, .propagation = std::move(propagation)};
    return toolset->call({.id = "call_1", .tool = tool, .arguments = arguments}, context, stop);
  }

  // What the model reads; of a failure, with a mark before it.
  std::string told(const std::string& tool, const std::string& arguments = "{}") {
    const auto result = ask(tool, arguments);
    if (!result) return "Error: " + result.error().describe();
    return (result->is_error ? "failed: " : "") + result->content;
  }

  std::vector<std::string> names() const {
    std::vector<std::string> names;
    const auto list = toolset->tools();
    for (const tools::Tool& each : *list) names.push_back(each.name);
    return names;
  }

  State state(std::size_t server = 0) const { return toolset->servers()[server].state; }
  bool becomes(State wanted, std::size_t server = 0) {
    return eventually([&] { return state(server) == wanted; });
  }

  std::shared_ptr<tools::mcp::McpToolset> toolset;
  Heard heard;
  std::optional<std::chrono::steady_clock::time_point> deadline = {};
};

}  // namespace pais::test
