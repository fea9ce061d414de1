// The body of a request to `/chat/completions`.
#pragma once

#include <string>
#include <string_view>

#include "model/model.h"

namespace pais::model {

// Written in one pass, without a JSON tree in between: what tools are offered is JSON text already.
// `include_usage` counts for streamed requests only.
std::string write_chat_request(std::string_view model, const Request& request, bool include_usage);

}  // namespace pais::model
