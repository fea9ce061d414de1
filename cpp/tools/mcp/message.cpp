#include "tools/mcp/message.h"

#include <utility>

#include "nlohmann/json.hpp"

#include "base/json.h"
#include "base/utf8.h"

namespace pais::tools::mcp {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxBatch = 1000;
constexpr std::size_t kMaxRefusalBytes = 16 * 1024;

Error no_message(std::string cause) {
  return {.code = Code::malformed, .cause = std::move(cause)};
}

std::string id_of(const json& object) {
  const auto id = object.find("id");
  return id == object.end() || !(id->is_string() || id->is_number_integer()) ? "" : dump_json(*id);
}

std::shared_ptr<const json> taken(json& object, const char* name) {
  const auto found = object.find(name);
  return std::make_shared<const json>(found == object.end() ? json::object() : std::move(*found));
}

Result<Refusal> read_refusal(json& error) {
  if (!error.is_object()) return no_message("`error` is no object");
  Refusal refusal;
  if (const auto code = error.find("code"); code != error.end() && code->is_number_integer()) refusal.code = *code;
  if (const auto text = error.find("message"); text != error.end() && text->is_string()) {
    refusal.message = excerpt(text->get_ref<const std::string&>(), kMaxRefusalBytes);
  }
  if (error.contains("data")) refusal.data = taken(error, "data");
  return refusal;
}

Result<Message> read_one(json& object) {
  if (!object.is_object()) return no_message("a message is no JSON object");
  Message message;
  message.id = id_of(object);
  if (const auto method = object.find("method"); method != object.end()) {
    if (!method->is_string()) return no_message("`method` is no text");
    message.method = method->get<std::string>();
    message.kind = object.contains("id") ? Message::Kind::request : Message::Kind::notification;
    message.content = taken(object, "params");
    return message;
  }
  if (const auto error = object.find("error"); error != object.end()) {
    auto refusal = read_refusal(*error);
    if (!refusal) return refusal.error();
    message.kind = Message::Kind::refusal;
    message.refused = *std::move(refusal);
    message.content = std::make_shared<const json>();
    return message;
  }
  if (!object.contains("result")) return no_message("a message is neither request nor answer");
  message.kind = Message::Kind::result;
  message.content = taken(object, "result");
  return message;
}

}  // namespace

std::string Refusal::describe() const {
  return excerpt(message) + " (" + std::to_string(code) + ")";
}

Result<std::vector<Message>> read_messages(std::string_view text) {
  auto value = parse_json(text);
  if (!value) return value.error();
  std::vector<Message> messages;
  if (!value->is_array()) {
    auto message = read_one(*value);
    if (!message) return message.error();
    messages.push_back(*std::move(message));
    return messages;
  }
  if (value->size() > kMaxBatch) return no_message("a batch of too many messages");
  for (json& each : *value) {
    auto message = read_one(each);
    if (!message) return message.error();
    messages.push_back(*std::move(message));
  }
  return messages;
}

std::string write_request(std::string_view id, std::string_view method, const json& params) {
  std::string text = R"({"jsonrpc":"2.0","id":)";
  text += id;
  text += R"(,"method":)" + dump_json(method) + R"(,"params":)" + dump_json(params) + "}";
  return text;
}

std::string write_notification(std::string_view method, const json& params) {
  json message = {{"jsonrpc", "2.0"}, {"method", method}};
  if (!params.empty()) message["params"] = params;
  return dump_json(message);
}

std::string answer_to(const Message& request) {
  const std::string head = R"({"jsonrpc":"2.0","id":)" + (request.id.empty() ? "null" : request.id);
  if (request.method == "ping") return head + R"(,"result":{}})";
  return head + R"(,"error":{"code":-32601,"message":"Method not found"}})";
}

std::string excerpt(std::string_view text, std::size_t most) {
  if (text.size() <= most) return std::string(text);
  return std::string(text_up_to(text, most)) + "…";
}

}  // namespace pais::tools::mcp
