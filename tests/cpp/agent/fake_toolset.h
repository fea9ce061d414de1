// A toolset whose tools are functions of the test.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "tools/toolset.h"

namespace pais::agent {

inline constexpr const char* kAddSchema =
    R"({"type":"object","properties":{"a":{"type":"integer"},"b":{"type":"integer"}},"required":["a","b"]})";

class FakeToolset final : public tools::Toolset {
 public:
  using Work =
      std::function<Result<tools::ToolResult>(const events::ToolCall&, const tools::CallContext&, std::stop_token)>;

  // Offers a tool from now on.
  void add(std::string name, Work work, std::string parameters = R"({"type":"object"})") {
    const std::scoped_lock lock(mutex_);
    auto longer = std::make_shared<std::vector<tools::Tool>>(*offered_);
    longer->push_back({.name = name, .description = "Does " + name + ".", .parameters = std::move(parameters)});
    offered_ = std::move(longer);
    work_[name] = std::move(work);
  }

  void add(std::string name, std::string answer, std::string parameters = R"({"type":"object"})") {
    add(
        std::move(name),
        [answer = std::move(answer)](const auto&, const auto&, const auto&) {
          return tools::ToolResult{.content = answer};
        },
        std::move(parameters));
  }

  tools::ToolList tools() const override {
    const std::scoped_lock lock(mutex_);
    return offered_;
  }

  Result<tools::ToolResult> call(const events::ToolCall& call, const tools::CallContext& context,
                                 std::stop_token stop) override {
    Work work;
    {
      const std::scoped_lock lock(mutex_);
      called_.push_back(call);
      work = work_.at(call.tool);
    }
    return work(call, context, std::move(stop));
  }

  std::vector<events::ToolCall> called() const {
    const std::scoped_lock lock(mutex_);
    return called_;
  }

 private:
  mutable std::mutex mutex_;
  tools::ToolList offered_ = std::make_shared<std::vector<tools::Tool>>();
  std::map<std::string, Work> work_;
  std::vector<events::ToolCall> called_;
};

// A tool that gives the same result to whoever asks.
inline FakeToolset::Work answers(tools::ToolResult result) {
  return [result = std::move(result)](const auto&, const auto&, const auto&) { return result; };
}

}  // namespace pais::agent
