// A Model answers one request: text, or the wish to have tools called.
//
// One Model serves all runs, from any thread; a call blocks its thread until the answer is whole. Nothing here throws.
// Failures carry the codes of the model rows in base/error.h, and `cancelled` when the stop came first.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "events/run_event.h"
#include "events/values.h"
#include "model/offers.h"
#include "telemetry/propagation.h"

namespace pais::model {

using events::Message;

// Settings of one request; what is absent is left to the model's server.
struct Sampling {
  std::optional<double> temperature = {};
  std::optional<double> top_p = {};
  std::optional<double> presence_penalty = {};
  std::optional<double> frequency_penalty = {};
  std::optional<std::int64_t> max_tokens = {};
  std::optional<std::int64_t> max_completion_tokens = {};
  std::optional<std::int64_t> seed = {};
  std::vector<std::string> stop = {};
};

struct Request {
  std::vector<Message> messages = {};
  Offers tools = {};
  Sampling sampling = {};
  bool tool_required = false;                                          // an answer without a call is of no use
  bool stream = false;                                                 // deliver deltas as they come
  std::optional<std::chrono::steady_clock::time_point> deadline = {};  // of the whole run
  telemetry::TraceHeaders trace = {};                                  // what the request tells of the run's trace
};

struct Answer {
  std::string text = {};
  std::string thinking = {};
  std::vector<events::ToolCall> calls = {};  // ids are never empty and never repeat within an answer
  events::FinishReason finish = events::FinishReason::stop;
  events::Usage usage = {};
  std::string model = {};  // as the server named it, else as asked
  std::string id = {};
  std::optional<std::chrono::nanoseconds> first_token = {};
};

// Hears a streamed answer while it comes. The same pieces, joined, are in the Answer.
class Deltas {
 public:
  virtual ~Deltas() = default;
  virtual void text(std::string_view piece) = 0;
  virtual void thinking(std::string_view piece) = 0;
};

class Model {
 public:
  virtual ~Model() = default;
  virtual std::string name() const = 0;
  virtual std::string provider() const { return "openai"; }
  // Null where none is asked over a network.
  virtual std::shared_ptr<const events::ModelServer> server() const { return nullptr; }
  virtual Result<Answer> respond(const Request& request, Deltas& deltas, std::stop_token stop) = 0;
};

// One conversation with a model within a run. Most models keep nothing between requests and hand out themselves; the
// scripted one starts its script anew here.
class ModelSource {
 public:
  virtual ~ModelSource() = default;
  virtual std::unique_ptr<Model> for_run() = 0;
};

}  // namespace pais::model
