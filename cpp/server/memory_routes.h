// The routes that show what is remembered.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/settings.h"
#include "http/server.h"
#include "memory/memory.h"

namespace pais::server {

// None when `reach` is off.
std::vector<http::Route> memory_routes(const std::string& agent_name, std::shared_ptr<memory::Memory> memory,
                                       Reach reach);

}  // namespace pais::server
