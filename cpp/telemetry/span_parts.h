// What the spans of a run are put together from.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "base/settings.h"
#include "events/run_event.h"
#include "telemetry/span_writer.h"

namespace pais::telemetry {

// How the spans of a host's runs look.
struct SpanStyle {
  std::string agent = {};
  Scope host = {};           // "kaos.<service>"
  Scope library = {};        // "pydantic-ai"
  std::int64_t version = 4;  // OTEL_INSTRUMENTATION_VERSION
  OtelEventMode event_mode = OtelEventMode::attributes;
  bool content = true;  // prompts, answers, arguments and results

  bool has_plain_names() const { return version < 3; }
};

// What is the same in the spans of many runs, written once for all of them. From any thread.
class CommonParts {
 public:
  explicit CommonParts(const SpanStyle& style);
  CommonParts(const CommonParts&) = delete;
  CommonParts& operator=(const CommonParts&) = delete;

  struct Part {
    std::string name;  // of the span
    AttributeWriter attributes{SpanWriter::kAttributes};
  };
  const Part& of_agent() const { return agent_; }
  const AttributeWriter& of_tool() const { return tool_; }
  // Of a request to the model: most ask the same one, with the same tools, as the request before did.
  std::shared_ptr<const Part> of_model_call(const events::ModelCallStarted& call) const;

 private:
  struct ModelCalls;

  const std::string name_;
  const bool content_;
  Part agent_;
  AttributeWriter tool_{SpanWriter::kAttributes};
  mutable std::mutex mutex_;
  mutable std::shared_ptr<const ModelCalls> latest_;  // guarded by mutex_
};

// Each unless there are none.
void add_usage(AttributeWriter& attributes, const events::Usage& usage);

// Status, `error.type` and an `exception` event. `text` may be "".
void fail(SpanWriter& span, std::string_view type, std::string_view text, Time at);

}  // namespace pais::telemetry
