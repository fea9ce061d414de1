// Bringing one request to whoever takes telemetry, and what came of it.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <stop_token>
#include <string>

#include "base/settings.h"
#include "http/wait.h"
#include "telemetry/bytes.h"
#include "telemetry/otlp.h"

namespace pais::telemetry {

struct Delivery {
  enum class Verdict {
    taken,    // all of it, but for `rejected` items
    later,    // the same request may be taken another time
    refused,  // it never will be
  };

  Verdict verdict = Verdict::taken;
  std::string cause = {};                              // why not, or why not all of it; for the log
  std::optional<std::chrono::milliseconds> wait = {};  // later: no sooner than that
  std::int64_t rejected = 0;
};

// Where one signal goes. For one thread at a time. Nothing here throws.
class Destination {
 public:
  virtual ~Destination() = default;

  virtual OtlpForm form() const = 0;
  // For the log: no credentials.
  virtual std::string name() const = 0;
  // `body` is one Export request in the destination's form, in pieces that follow each other. Does not take longer than
  // until `deadline`, nor than 100 ms from when `stop` asks for it.
  virtual Delivery deliver(std::span<const Bytes> body, http::Deadline deadline, const std::stop_token& stop) = 0;
};

}  // namespace pais::telemetry
