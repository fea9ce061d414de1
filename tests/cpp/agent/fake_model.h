// A model that says what a test has written for it, line by line, and remembers what it was asked.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <gtest/gtest.h>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "model/model.h"

namespace pais::agent {

// Waits for the stop, and gives up long after a test that works would be over. True when the stop came.
inline bool wait_for_stop(const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  never.wait_for(lock, stop, std::chrono::seconds(30), [] { return false; });
  return stop.stop_requested();
}

using Line = std::function<Result<model::Answer>(const model::Request&, model::Deltas&, std::stop_token)>;

inline events::ToolCall call(std::string id, std::string tool, std::string arguments = "{}") {
  return {.id = std::move(id), .tool = std::move(tool), .arguments = std::move(arguments)};
}

inline Line gives(model::Answer answer) {
  return [answer = std::move(answer)](const model::Request& request, model::Deltas& deltas, const std::stop_token&) {
    if (request.stream && !answer.thinking.empty()) deltas.thinking(answer.thinking);
    if (request.stream && !answer.text.empty()) deltas.text(answer.text);
    return answer;
  };
}

inline Line says(std::string text, events::Usage usage = {}) {
  model::Answer answer;
  answer.text = std::move(text);
  answer.usage = usage;
  return gives(std::move(answer));
}

inline Line wants(std::vector<events::ToolCall> calls, std::string text = "", events::Usage usage = {}) {
  model::Answer answer;
  answer.text = std::move(text);
  answer.calls = std::move(calls);
  answer.usage = usage;
  return gives(std::move(answer));
}

inline Line fails(Code code) {
  return [code](const model::Request&, model::Deltas&, const std::stop_token&) -> Result<model::Answer> {
    return Error{.code = code, .cause = "the test says so"};
  };
}

inline Line waits_for_the_stop() {
  return [](const model::Request&, model::Deltas&, const std::stop_token& stop) -> Result<model::Answer> {
    EXPECT_TRUE(wait_for_stop(stop));
    return Error{.code = Code::cancelled, .cause = "stopped"};
  };
}

class FakeModels final : public model::ModelSource {
 public:
  std::vector<Line> script;

  std::unique_ptr<model::Model> for_run() override { return std::make_unique<FakeModel>(*this); }

  std::vector<model::Request> asked() const {
    const std::scoped_lock lock(mutex_);
    return asked_;
  }

 private:
  class FakeModel final : public model::Model {
   public:
    explicit FakeModel(FakeModels& source) : source_(source) {}

    std::string name() const override { return "fake"; }

    Result<model::Answer> respond(const model::Request& request, model::Deltas& deltas, std::stop_token stop) override {
      source_.remember(request);
      if (next_ == source_.script.size()) return Error{.code = Code::internal, .cause = "the script is over"};
      auto answer = source_.script[next_++](request, deltas, std::move(stop));
      if (answer) answer->model = "fake-1";
      return answer;
    }

   private:
    FakeModels& source_;
    std::size_t next_ = 0;
  };

  void remember(const model::Request& request) {
    const std::scoped_lock lock(mutex_);
    asked_.push_back(request);
  }

  mutable std::mutex mutex_;
  std::vector<model::Request> asked_;
};

}  // namespace pais::agent
