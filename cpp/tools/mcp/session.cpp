#include "tools/mcp/session.h"

#include <algorithm>

#include "nlohmann/json.hpp"

#include "tools/mcp/header_value.h"

namespace pais::tools::mcp {
namespace {

nlohmann::json client_info() {
  return {{"name", "pais"}, {"version", PAIS_VERSION}};
}

}  // namespace

bool is_handshake_version(std::string_view version) {
  return std::find(kHandshakeVersions.begin(), kHandshakeVersions.end(), version) != kHandshakeVersions.end();
}

http::Headers headers_of(const Session& session, std::string_view method, std::string_view name) {
  http::Headers headers;
  if (!session.version.empty()) headers.emplace_back("MCP-Protocol-Version", session.version);
  if (!session.id.empty()) headers.emplace_back("Mcp-Session-Id", session.id);
  if (!session.is_stateless()) return headers;
  headers.emplace_back("Mcp-Method", method);
  if (!name.empty()) headers.emplace_back("Mcp-Name", header_value(name));
  return headers;
}

void introduce(const Session& session, nlohmann::json& params) {
  if (!session.is_stateless()) return;
  nlohmann::json& meta = params["_meta"];
  meta["io.modelcontextprotocol/protocolVersion"] = session.version;
  meta["io.modelcontextprotocol/clientCapabilities"] = nlohmann::json::object();
  meta["io.modelcontextprotocol/clientInfo"] = client_info();
}

nlohmann::json initialization() {
  return {{"protocolVersion", kHandshakeVersions.front()},
          {"capabilities", nlohmann::json::object()},
          {"clientInfo", client_info()}};
}

}  // namespace pais::tools::mcp
