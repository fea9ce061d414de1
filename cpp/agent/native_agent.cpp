#include "agent/native_agent.h"

#include <utility>

#include "agent/turn.h"

namespace pais::agent {

NativeAgent::NativeAgent(NativeOptions options, std::shared_ptr<model::ModelSource> models, Toolsets toolsets)
    : options_(std::move(options)),
      models_(std::move(models)),
      shelf_(std::move(toolsets)),
      threads_(options_.tool_threads) {}

void NativeAgent::run(const RunRequest& request, events::RunSink& sink, std::stop_token stop) {
  const auto model = models_->for_run();
  const auto catalog = shelf_.catalog();
  const Turn::Means means{
      .options = options_, .model = *model, .catalog = *catalog, .threads = threads_, .alarms = alarms_};
  Turn(means, request, sink, std::move(stop)).run();
}

}  // namespace pais::agent
