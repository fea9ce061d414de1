// A model at a fake server, with pauses short enough for tests.
#pragma once

#include <memory>
#include <utility>

#include "nlohmann/json.hpp"

#include "heard.h"
#include "model/model_source.h"
#include "support/fake_model.h"

namespace pais::model {

inline ModelOptions options_for(const std::string& url) {
  return {.base_url = url,
          .model = "gpt",
          .api_key = "sk-secret",
          .retry = {.first_pause = std::chrono::milliseconds(1), .longest_pause = std::chrono::milliseconds(1)}};
}

inline std::unique_ptr<Model> model_with(ModelOptions options) {
  http::Client::Options plain;
  plain.trust_environment = false;
  auto source = make_model_source(std::move(options), std::make_shared<const http::Client>(plain));
  return (*source)->for_run();
}

inline std::unique_ptr<Model> model_at(const test::FakeModel& server) {
  return model_with(options_for(server.url()));
}

inline nlohmann::json body_of(const test::AskedRequest& request) {
  return nlohmann::json::parse(request.body);
}

}  // namespace pais::model
