// Where the host gets its model from: a server that speaks the OpenAI chat API, or a script.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "http/client.h"
#include "model/model.h"

namespace pais::model {

// How tools are offered: as the API has it, in words, or as the API has it until the server refuses that.
enum class ToolCallMode { automatic, native, string };

// "auto", "native" or "string", in any letter case.
std::optional<ToolCallMode> tool_call_mode_named(std::string_view name);

// Of one answer, its repetitions included; 0 means no limit.
struct ModelTimeouts {
  std::chrono::milliseconds total{600'000};
  std::chrono::milliseconds connect{10'000};
  std::chrono::milliseconds first_token{0};  // of a streamed answer
  std::chrono::milliseconds idle{120'000};   // between two reads of the answer
};

// How often a request that may fare better later is sent again, and the pauses before that: the first, doubled each
// time, less up to a quarter of it by chance. A server that names its own pause in `Retry-After` is obeyed up to
// `longest_wait`; one that wants more is not asked again.
struct RetryPolicy {
  int retries = 2;
  std::chrono::milliseconds first_pause{500};
  std::chrono::milliseconds longest_pause{8'000};
  std::chrono::seconds longest_wait{60};
};

struct ModelOptions {
  std::string base_url = {};  // with or without `/v1` at its end
  std::string model = {};
  std::string api_key = "not-needed";  // "": no Authorization header
  ToolCallMode mode = ToolCallMode::automatic;
  ModelTimeouts timeouts = {};
  RetryPolicy retry = {};
  std::string script = {};  // not empty: no server is asked, whatever the rest says
  std::chrono::milliseconds mock_delay{0};
};

// Where chat requests go; a query stays behind the path.
std::string chat_completions_url(std::string_view base_url);

// `not_configured` when there is neither a script nor both of URL and name. What is learnt of a server (that it does
// not take tools, that it is down) is kept in the source and shared by all runs.
Result<std::unique_ptr<ModelSource>> make_model_source(ModelOptions options,
                                                       std::shared_ptr<const http::Client> client);

}  // namespace pais::model
