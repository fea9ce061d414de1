// JSON-RPC 2.0, as far as MCP uses it: reading what a server sent, writing what it is sent.
//
// Values and pure functions. What is not a message is `malformed`, never an exception.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "nlohmann/json_fwd.hpp"

#include "base/result.h"

namespace pais::tools::mcp {

// The server's own "no".
struct Refusal {
  static constexpr std::int64_t kMethodNotFound = -32601;
  static constexpr std::int64_t kInvalidParams = -32602;
  static constexpr std::int64_t kHeaderMismatch = -32020;
  static constexpr std::int64_t kUnsupportedVersion = -32022;

  std::int64_t code = 0;
  std::string message;
  std::shared_ptr<const nlohmann::json> data = {};  // may be null

  std::string describe() const;  // for the log
};

struct Message {
  enum class Kind { result, refusal, request, notification };

  Kind kind = Kind::notification;
  std::string id = {};                                 // as JSON text; empty where there is none, or null
  std::string method = {};                             // of a request or a notification
  std::shared_ptr<const nlohmann::json> content = {};  // the result, or the params; never null
  Refusal refused = {};                                // of a refusal
};

// One message, or the several of a batch.
Result<std::vector<Message>> read_messages(std::string_view text);

// `id` is JSON text.
std::string write_request(std::string_view id, std::string_view method, const nlohmann::json& params);
std::string write_notification(std::string_view method, const nlohmann::json& params);

// What a server is told that asks something of us: `ping` is answered, everything else is not ours to do.
std::string answer_to(const Message& request);

// At most so much of a text that strangers wrote, whole characters.
std::string excerpt(std::string_view text, std::size_t most = 300);

}  // namespace pais::tools::mcp
