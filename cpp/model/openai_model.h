// The model behind a server that speaks OpenAI's chat completions.
//
// One OpenAiModel serves all runs, from any thread. It learns what its server does not take (tools, a wish for usage
// numbers in streams) and whether it is down, and keeps that for its lifetime.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <vector>

#include "base/circuit.h"
#include "http/client.h"
#include "model/model.h"
#include "model/model_source.h"

namespace pais::model {

class OpenAiModel final : public Model {
 public:
  OpenAiModel(ModelOptions options, std::shared_ptr<const http::Client> client);
  ~OpenAiModel() override;

  std::string name() const override { return options_.model; }
  std::shared_ptr<const events::ModelServer> server() const override { return server_; }

  // A failed request is sent again as RetryPolicy has it, if `deltas` has heard nothing yet. Failures:
  // `model_unreachable`, `model_rate_limited`, `model_rejected`, `model_error`, `model_bad_response`, `model_timeout`
  // (also when the request's deadline passes) and `cancelled`.
  Result<Answer> respond(const Request& request, Deltas& deltas, std::stop_token stop) override;

 private:
  class Call;
  struct Prompt;

  bool in_string_mode() const;
  void learn_that_tools_are_refused();
  std::string prompt_for(const Offers& tools);

  const ModelOptions options_;
  const std::shared_ptr<const events::ModelServer> server_;
  const std::string url_;
  const std::shared_ptr<const http::Client> client_;
  Circuit circuit_{Circuit::Rests{}};

  std::atomic<bool> tools_refused_ = false;
  std::atomic<bool> tools_taken_ = false;
  std::atomic<bool> usage_refused_ = false;
  std::atomic<bool> usage_taken_ = false;

  std::mutex prompt_mutex_;
  std::shared_ptr<const Prompt> prompt_;  // guarded by prompt_mutex_
};

}  // namespace pais::model
