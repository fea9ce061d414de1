#include "telemetry/handed_on.h"

#include <array>
#include <utility>

#include "telemetry/baggage.h"
#include "telemetry/trace_context.h"

namespace pais::telemetry {
namespace {

class HandedOn final : public Propagation {
 public:
  HandedOn(std::string parent, std::string state, std::string baggage, std::string session_id)
      : parent_(std::move(parent)),
        state_(std::move(state)),
        baggage_(std::move(baggage)),
        session_id_(std::move(session_id)) {}

  TraceHeaders headers(std::string_view /*call_id*/) const override {
    const std::array ours = {std::pair(std::string_view("session.id"), std::string_view(session_id_))};
    return {.traceparent = parent_, .tracestate = state_, .baggage = write_baggage(ours, baggage_)};
  }
  TraceHeaders model_headers(int /*step*/) const override { return {.traceparent = parent_, .tracestate = state_}; }

 private:
  const std::string parent_;
  const std::string state_;
  const std::string baggage_;
  const std::string session_id_;
};

}  // namespace

std::shared_ptr<const Propagation> handed_on(const http::Headers& headers, std::string session_id) {
  TraceContext context = read_trace_context(headers);
  std::string parent(context.valid() ? http::find_header(headers, "traceparent") : std::string_view());
  return std::make_shared<HandedOn>(std::move(parent), std::move(context.state), read_baggage(headers),
                                    std::move(session_id));
}

}  // namespace pais::telemetry
