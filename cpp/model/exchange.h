// One request to a model's server, and what came of it.
#pragma once

#include <chrono>
#include <optional>
#include <stop_token>
#include <string>

#include "base/circuit.h"
#include "base/error.h"
#include "http/client.h"
#include "model/model.h"

namespace pais::model {

struct Exchange {
  std::optional<Answer> answer;
  Error error;       // when there is no answer
  int status = 0;    // of the HTTP answer; 0 when there was none
  std::string body;  // of an HTTP answer that is no success
  bool worth_repeating = false;
  Circuit::Verdict verdict = Circuit::Verdict::unknown;
  std::optional<std::chrono::steady_clock::time_point> first_token_at;  // of a stream
};

// Sends `request` and reads what comes, streamed or whole, as the server sees fit. `deltas` hears of it when the answer
// was `wanted_as_stream`; a whole answer is one delta then.
Exchange exchange(const http::Client& client, const http::ClientRequest& request, bool wanted_as_stream, Deltas& deltas,
                  const std::stop_token& stop);

}  // namespace pais::model
