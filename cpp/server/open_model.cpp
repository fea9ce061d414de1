#include "server/open_model.h"

#include <utility>

#include "base/log.h"

namespace pais::server {
namespace {

model::ToolCallMode mode_of(ToolCallMode mode) {
  switch (mode) {
    case ToolCallMode::native:
      return model::ToolCallMode::native;
    case ToolCallMode::string:
      return model::ToolCallMode::string;
    case ToolCallMode::automatic:
      break;
  }
  return model::ToolCallMode::automatic;
}

model::ModelOptions model_options(const Settings& settings) {
  return {.base_url = settings.model_api_url,
          .model = settings.model_name,
          .api_key = settings.model_api_key,
          .mode = mode_of(settings.tool_call_mode),
          .timeouts = {.total = settings.model_timeout,
                       .connect = settings.model_connect_timeout,
                       .first_token = settings.model_first_token_timeout,
                       .idle = settings.model_idle_timeout},
          .retry = {.retries = static_cast<int>(settings.model_retries)},
          .script = settings.debug_mock_responses,
          .mock_delay = settings.mock_delay};
}

}  // namespace

std::shared_ptr<model::ModelSource> open_model(const Settings& settings, std::shared_ptr<http::CallFollower> follower) {
  if (!settings.model_configured()) return nullptr;
  auto client = std::make_shared<const http::Client>(http::Client::Options{.follower = std::move(follower)});
  auto source = model::make_model_source(model_options(settings), std::move(client));
  if (source) return *std::move(source);
  log::warning("pais.server", "no model to ask: " + source.error().describe());
  return nullptr;
}

}  // namespace pais::server
