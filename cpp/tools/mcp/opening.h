// Finding out what a server speaks, and agreeing on it.
#pragma once

#include <chrono>
#include <stop_token>

#include "base/result.h"
#include "tools/mcp/line.h"
#include "tools/mcp/session.h"

namespace pais::tools::mcp {

// Asks first for the stateless era, unless `known` says that the server is of the other; then shakes hands. Each of its
// requests has `limit` to be answered.
Result<SessionPtr> open_session(Line& line, Session::Era known, std::chrono::milliseconds limit,
                                const std::stop_token& stop);

// A new question's id, as JSON text: unique for ever.
std::string new_question_id();

// What came instead of a result.
Error problem_of(const Reply& reply);

}  // namespace pais::tools::mcp
