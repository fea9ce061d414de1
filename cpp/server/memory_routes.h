// The routes that show what is remembered, and forget it.
//
//   GET    /memory/sessions        the sessions; in pages when a `limit` is named
//   GET    /memory/sessions/{id}   all events of one, as JSON Lines
//   DELETE /memory/sessions/{id}   forgets it
//   GET    /memory/events          the newest events, of one session or of all, and from there back in pages
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/settings.h"
#include "http/server.h"
#include "memory/memory.h"

namespace pais::server {

struct MemoryAccess {
  Reach reach = Reach::on;
  bool needs_key = false;  // the server asks for an API key; where it does not, only this machine may delete
};

// None when `reach` is off.
std::vector<http::Route> memory_routes(const std::string& agent_name, const std::shared_ptr<memory::Memory>& memory,
                                       MemoryAccess access);

}  // namespace pais::server
