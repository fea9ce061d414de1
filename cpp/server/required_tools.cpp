#include "server/required_tools.h"

#include <chrono>
#include <utility>

namespace pais::server {
namespace {

constexpr std::chrono::seconds kPatienceAtStart{5};

class RequiringAgent final : public agent::Agent {
 public:
  RequiringAgent(std::shared_ptr<agent::Agent> agent, std::shared_ptr<HostTools> tools)
      : agent_(std::move(agent)), tools_(std::move(tools)) {}

  void run(const agent::RunRequest& request, events::RunSink& sink, std::stop_token stop) override {
    tools_->wait_for_first_lists(started_ + kPatienceAtStart);
    const auto missing = tools_->missing_server();
    if (!missing) return agent_->run(request, sink, std::move(stop));
    sink.emit(events::TurnStarted{.prompt = request.prompt, .delegated = request.delegated});
    sink.emit(events::TurnEnded{.text = {}, .usage = {}, .error = missing});
  }

  std::vector<tools::Tool> own_tools() const override { return agent_->own_tools(); }

 private:
  const std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
  const std::shared_ptr<agent::Agent> agent_;
  const std::shared_ptr<HostTools> tools_;
};

}  // namespace

std::shared_ptr<agent::Agent> requiring_tools(std::shared_ptr<agent::Agent> agent, std::shared_ptr<HostTools> tools) {
  return std::make_shared<RequiringAgent>(std::move(agent), std::move(tools));
}

}  // namespace pais::server
