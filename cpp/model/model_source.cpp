#include "model/model_source.h"

#include <utility>

#include "base/settings_endpoints.h"
#include "http/message.h"
#include "model/openai_model.h"
#include "model/scripted_model.h"

namespace pais::model {
namespace {

constexpr std::string_view kScriptedName = "mock";

class ScriptedSource final : public ModelSource {
 public:
  explicit ScriptedSource(const ModelOptions& options)
      : script_(std::make_shared<const Script>(read_script(options.script))),
        name_(options.model.empty() ? kScriptedName : std::string_view(options.model)),
        word_delay_(options.mock_delay) {}

  std::unique_ptr<Model> for_run() override { return std::make_unique<ScriptedModel>(script_, name_, word_delay_); }

 private:
  const std::shared_ptr<const Script> script_;
  const std::string name_;
  const std::chrono::milliseconds word_delay_;
};

// What a run holds of a model that keeps nothing for a single run.
class SharedModel final : public Model {
 public:
  explicit SharedModel(std::shared_ptr<Model> model) : model_(std::move(model)) {}

  std::string name() const override { return model_->name(); }
  std::shared_ptr<const events::ModelServer> server() const override { return model_->server(); }
  std::string provider() const override { return model_->provider(); }
  Result<Answer> respond(const Request& request, Deltas& deltas, std::stop_token stop) override {
    return model_->respond(request, deltas, std::move(stop));
  }

 private:
  const std::shared_ptr<Model> model_;
};

class OpenAiSource final : public ModelSource {
 public:
  OpenAiSource(ModelOptions options, std::shared_ptr<const http::Client> client)
      : model_(std::make_shared<OpenAiModel>(std::move(options), std::move(client))) {}

  std::unique_ptr<Model> for_run() override { return std::make_unique<SharedModel>(model_); }

 private:
  const std::shared_ptr<Model> model_;
};

}  // namespace

std::optional<ToolCallMode> tool_call_mode_named(std::string_view name) {
  if (http::equal_ignoring_case(name, "auto")) return ToolCallMode::automatic;
  if (http::equal_ignoring_case(name, "native")) return ToolCallMode::native;
  if (http::equal_ignoring_case(name, "string")) return ToolCallMode::string;
  return std::nullopt;
}

std::string chat_completions_url(std::string_view base_url) {
  return settings::completed_url(settings::completed_url(base_url, "/v1"), "/chat/completions");
}

Result<std::unique_ptr<ModelSource>> make_model_source(ModelOptions options,
                                                       std::shared_ptr<const http::Client> client) {
  if (!options.script.empty()) return std::unique_ptr<ModelSource>(std::make_unique<ScriptedSource>(options));
  if (options.base_url.empty() || options.model.empty()) {
    return Error{.code = Code::not_configured, .cause = "neither a script nor both of URL and name of a model"};
  }
  return std::unique_ptr<ModelSource>(std::make_unique<OpenAiSource>(std::move(options), std::move(client)));
}

}  // namespace pais::model
