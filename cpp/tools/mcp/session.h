// What was agreed with a server, and how it shows in each request.
//
// There are two eras of the protocol. In the handshake era (2024-11-05 to 2025-11-25) client and server agree on a
// version first, and the server may give the session a name. In the stateless era (2026-07-28) every request says all
// there is to know, and no session exists: what is called one here is only the knowledge that the server is of that
// era.
//
// A Session is a value, shared by all requests that are made in it.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>

#include "nlohmann/json_fwd.hpp"

#include "http/message.h"

namespace pais::tools::mcp {

inline constexpr std::string_view kStatelessVersion = "2026-07-28";
inline constexpr std::array<std::string_view, 4> kHandshakeVersions = {"2025-11-25", "2025-06-18", "2025-03-26",
                                                                       "2024-11-05"};

bool is_handshake_version(std::string_view version);

struct Session {
  enum class Era { unknown, handshake, stateless };

  Era era = Era::unknown;
  std::string version = {};
  std::string id = {};            // empty: the server keeps none
  bool tells_of_changes = false;  // of its list of tools

  bool is_stateless() const { return era == Era::stateless; }
};

using SessionPtr = std::shared_ptr<const Session>;

// The headers that requests of this session carry. `name`: of the tool that is called, else empty.
http::Headers headers_of(const Session& session, std::string_view method, std::string_view name = {});

// Adds what requests of this session say of themselves.
void introduce(const Session& session, nlohmann::json& params);

// The parameters of `initialize`.
nlohmann::json initialization();

}  // namespace pais::tools::mcp
