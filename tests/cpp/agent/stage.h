// A native agent between a fake model and fake tools. Every run on it is recorded, and its order is checked.
#pragma once

#include <functional>
#include <gtest/gtest.h>
#include <memory>
#include <stop_token>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "agent/fake_model.h"
#include "agent/fake_toolset.h"
#include "agent/native_agent.h"
#include "agent/run_grammar.h"
#include "events/run.h"

namespace pais::agent {

// What happened in a run.
class Recording final : public events::RunListener {
 public:
  void on(const events::RunEvent& event) override {
    events_.push_back(event);
    if (also_) also_(event);
  }

  // Called for each event, on the thread it comes from.
  void also(std::function<void(const events::RunEvent&)> hear) { also_ = std::move(hear); }

  const std::vector<events::RunEvent>& events() const { return events_; }

  template <typename Kind>
  std::vector<Kind> all() const {
    std::vector<Kind> found;
    for (const auto& event : events_) {
      if (const auto* what = std::get_if<Kind>(&event.what)) found.push_back(*what);
    }
    return found;
  }

  events::TurnEnded end() const { return all<events::TurnEnded>().at(0); }

  std::vector<std::string> texts() const {
    std::vector<std::string> pieces;
    for (const auto& delta : all<events::TextDelta>()) pieces.push_back(delta.text);
    return pieces;
  }

 private:
  std::vector<events::RunEvent> events_;
  std::function<void(const events::RunEvent&)> also_;
};

struct Stage {
  std::shared_ptr<FakeModels> models = std::make_shared<FakeModels>();
  std::shared_ptr<FakeToolset> tools = std::make_shared<FakeToolset>();
  NativeOptions options = {.instructions = "Be brief."};
  std::function<void(const events::RunEvent&)> hear = {};

  std::unique_ptr<NativeAgent> agent() { return std::make_unique<NativeAgent>(options, models, Toolsets{tools}); }

  Recording run(const RunRequest& request = {.prompt = "hi"}, std::stop_token stop = {}) {
    const auto agent = this->agent();
    return run_on(*agent, request, std::move(stop));
  }

  Recording run_on(NativeAgent& agent, const RunRequest& request = {.prompt = "hi"}, std::stop_token stop = {}) const {
    Recording recording;
    recording.also(hear);
    events::RunSink sink(
        {.run_id = "run_000000000001", .session_id = "s1", .agent = "calc", .request_id = "r1", .trace_id = ""},
        {&recording});
    agent.run(request, sink, std::move(stop));
    const auto faults = RunGrammar::faults(recording.events());
    EXPECT_EQ(faults, std::vector<std::string>());
    return recording;
  }
};

// The last thing that the model was told.
inline std::string told_last(const Stage& stage) {
  return stage.models->asked().back().messages.back().text;
}

// The error code a run ended with, and "" for a run that ended well.
inline std::string outcome(const Recording& run) {
  const auto end = run.end();
  return end.error ? std::string(facts(end.error->code).name) : "";
}

}  // namespace pais::agent
