// Which arguments of a tool its server wants to see in headers: what `x-mcp-header` in the schema says.
#pragma once

#include <vector>

#include "nlohmann/json_fwd.hpp"

#include "base/result.h"
#include "tools/mcp/remote_tool.h"

namespace pais::tools::mcp {

// `malformed` when the schema asks for what cannot be: a name that is no header's, or twice the same, or a value that
// is no text, whole number or boolean, or that is not reached by `properties` alone.
Result<std::vector<HeaderArgument>> read_header_arguments(const nlohmann::json& schema);

}  // namespace pais::tools::mcp
