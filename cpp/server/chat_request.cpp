#include "server/chat_request.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "nlohmann/json.hpp"

#include "base/json.h"
#include "base/utf8.h"

namespace pais::server {
namespace {

using nlohmann::json;

constexpr std::size_t kMostValues = 100'000;   // in a body; a message of history has some five
constexpr std::size_t kMostModelBytes = 1024;  // it is said again in every chunk of a stream
constexpr std::array kIgnored = {"tools", "tool_choice", "n", "response_format", "user"};

Error invalid(std::string param) {
  return Error{.code = Code::invalid_value, .cause = "", .param = std::move(param)};
}

std::string place(std::size_t message) {
  return "messages[" + std::to_string(message) + "].content";
}

// The member, or null when it is absent or null.
const json* member(const json& object, const char* name) {
  const auto found = object.find(name);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

std::string_view role_of(const json& message) {
  const json* role = member(message, "role");
  if (role == nullptr) return "user";
  return role->is_string() ? std::string_view(role->get_ref<const std::string&>()) : std::string_view("unknown");
}

void add_line(std::string& text, std::string_view line) {
  if (!text.empty()) text += '\n';
  text += line;
}

// The text of a message that is not the prompt, with "[image]" where one stood; parts of other kinds are passed over.
std::string plain_text(const json& message) {
  const json* content = member(message, "content");
  if (content == nullptr) return {};
  if (content->is_string()) return content->get<std::string>();
  std::string text;
  if (!content->is_array()) return text;
  for (const json& part : *content) {
    if (part.is_string()) add_line(text, part.get_ref<const std::string&>());
    if (!part.is_object()) continue;
    if (const json* words = member(part, "text"); words != nullptr && words->is_string()) {
      add_line(text, words->get_ref<const std::string&>());
    }
    if (part.contains("image_url")) add_line(text, "[image]");
  }
  return text;
}

// "https://…" or "data:image/…": the model fetches it, never we.
std::optional<std::string> image_url(const json& part) {
  const json* image = member(part, "image_url");
  if (image != nullptr && image->is_object()) image = member(*image, "url");
  if (image == nullptr || !image->is_string()) return std::nullopt;
  auto url = image->get<std::string>();
  const bool known = url.starts_with("https://") || url.starts_with("http://") || url.starts_with("data:image/");
  return known ? std::optional(std::move(url)) : std::nullopt;
}

Result<void> read_prompt_part(const json& part, const std::string& where, ChatRequest& request) {
  if (part.is_string()) {
    add_line(request.prompt, part.get_ref<const std::string&>());
    add_line(request.remembered_prompt, part.get_ref<const std::string&>());
    return {};
  }
  const Error unsupported{.code = Code::unsupported_content, .cause = "", .param = where};
  if (!part.is_object()) return unsupported;
  const json* kind = member(part, "type");
  if (kind == nullptr || !kind->is_string()) return unsupported;
  if (*kind == "text") {
    const json* text = member(part, "text");
    if (text == nullptr || !text->is_string()) return invalid(where + ".text");
    add_line(request.prompt, text->get_ref<const std::string&>());
    add_line(request.remembered_prompt, text->get_ref<const std::string&>());
    return {};
  }
  if (*kind != "image_url") return unsupported;
  auto url = image_url(part);
  if (!url) return invalid(where + ".image_url");
  request.images.push_back(*std::move(url));
  add_line(request.remembered_prompt, "[image]");
  return {};
}

Result<void> read_prompt(const json& message, std::size_t index, ChatRequest& request) {
  const json* content = member(message, "content");
  if (content == nullptr) return {};
  if (content->is_string()) {
    request.prompt = request.remembered_prompt = content->get<std::string>();
    return {};
  }
  if (!content->is_array()) return invalid(place(index));
  for (std::size_t part = 0; part < content->size(); ++part) {
    const std::string where = place(index) + "[" + std::to_string(part) + "]";
    if (auto read = read_prompt_part((*content)[part], where, request); !read) return read;
  }
  return {};
}

// The prompt is the last message of a user or a delegating agent; what stands before it is history.
Result<void> read_messages(const json& body, ChatRequest& request) {
  const json* messages = member(body, "messages");
  const Error required{.code = Code::messages_required, .cause = "", .param = "messages"};
  if (messages == nullptr || !messages->is_array() || messages->empty()) return required;
  if (!std::ranges::all_of(*messages, [](const json& message) { return message.is_object(); })) return required;

  std::optional<std::size_t> prompt;
  bool asked = false;  // somebody says so in words: a message without role does not count here
  for (std::size_t i = 0; i < messages->size(); ++i) {
    const std::string_view role = role_of((*messages)[i]);
    if (role != "user" && role != "task-delegation") continue;
    prompt = i;
    asked = asked || (*messages)[i].contains("role");
  }
  if (!prompt || !asked) return Error{.code = Code::no_prompt, .cause = "", .param = "messages"};

  for (std::size_t i = 0; i < messages->size(); ++i) {
    const json& message = (*messages)[i];
    const std::string_view role = role_of(message);
    if (role == "system" || role == "developer") add_line(request.system_texts, plain_text(message));
    if (i >= *prompt) continue;
    if (role != "user" && role != "assistant") continue;
    std::string text = plain_text(message);
    if (text.empty()) continue;
    const auto speaker = role == "user" ? events::Speaker::user : events::Speaker::assistant;
    request.history.push_back({speaker, std::move(text)});
  }
  request.delegated = role_of((*messages)[*prompt]) == "task-delegation";
  return read_prompt((*messages)[*prompt], *prompt, request);
}

Result<bool> read_flag(const json& object, const char* name, const std::string& param) {
  const json* value = member(object, name);
  if (value == nullptr) return false;
  if (value->is_boolean()) return value->get<bool>();
  if (*value == "true") return true;
  if (*value == "false") return false;
  return invalid(param);
}

Result<void> read_number(const json& body, const char* name, std::optional<double>& into) {
  const json* value = member(body, name);
  if (value == nullptr) return {};
  if (!value->is_number()) return invalid(name);
  into = value->get<double>();
  return {};
}

Result<void> read_whole(const json& body, const char* name, std::optional<std::int64_t>& into) {
  const json* value = member(body, name);
  if (value == nullptr) return {};
  if (!value->is_number_integer() || (value->is_number_unsigned() && value->get<std::uint64_t>() > INT64_MAX)) {
    return invalid(name);
  }
  into = value->get<std::int64_t>();
  return {};
}

Result<void> read_stop(const json& body, std::vector<std::string>& into) {
  const json* value = member(body, "stop");
  if (value == nullptr) return {};
  if (value->is_string()) {
    into.push_back(value->get<std::string>());
    return {};
  }
  if (!value->is_array()) return invalid("stop");
  for (const json& item : *value) {
    if (!item.is_string()) return invalid("stop");
    into.push_back(item.get<std::string>());
  }
  return {};
}

Result<void> read_sampling(const json& body, model::Sampling& sampling) {
  for (const auto& [name, into] : {std::pair("temperature", &sampling.temperature),
                                   {"top_p", &sampling.top_p},
                                   {"presence_penalty", &sampling.presence_penalty},
                                   {"frequency_penalty", &sampling.frequency_penalty}}) {
    if (auto read = read_number(body, name, *into); !read) return read;
  }
  for (const auto& [name, into] : {std::pair("max_tokens", &sampling.max_tokens),
                                   {"max_completion_tokens", &sampling.max_completion_tokens},
                                   {"seed", &sampling.seed}}) {
    if (auto read = read_whole(body, name, *into); !read) return read;
  }
  return read_stop(body, sampling.stop);
}

Result<void> read_stream(const json& body, ChatRequest& request) {
  auto stream = read_flag(body, "stream", "stream");
  if (!stream) return stream.error();
  request.stream = *stream;
  const json* options = member(body, "stream_options");
  if (options == nullptr) return {};
  if (!options->is_object()) return invalid("stream_options");
  auto usage = read_flag(*options, "include_usage", "stream_options.include_usage");
  if (!usage) return usage.error();
  request.include_usage = *usage;
  return {};
}

Result<void> read_session(const json& body, std::string& into) {
  const json* value = member(body, "session_id");
  if (value == nullptr || *value == json("")) return {};
  const Error refused{.code = Code::invalid_session_id, .cause = "", .param = "session_id"};
  if (value->is_number_integer()) {
    into = value->dump();
    return {};
  }
  if (!value->is_string()) return refused;
  auto id = read_session_id(value->get_ref<const std::string&>());
  if (!id) return id.error();
  into = *std::move(id);
  return {};
}

}  // namespace

Result<std::string> read_session_id(std::string_view text) {
  const bool decent = !text.empty() && text.size() <= 256 && std::ranges::all_of(text, [](char c) {
    return static_cast<unsigned char>(c) >= 0x20 && c != 0x7f;
  });
  if (decent && is_utf8(text)) return std::string(text);
  return Error{.code = Code::invalid_session_id, .cause = "", .param = "session_id"};
}

Result<ChatRequest> read_chat_request(std::string_view text) {
  const auto body = parse_json(text, {.values = kMostValues});
  if (!body) return body.error().as(body.error().code == Code::too_large ? Code::payload_too_large : Code::bad_json);
  if (!body->is_object()) return Error{.code = Code::bad_json, .cause = "not an object"};

  ChatRequest request;
  if (auto read = read_messages(*body, request); !read) return read.error();
  if (auto read = read_session(*body, request.session_id); !read) return read.error();
  if (auto read = read_stream(*body, request); !read) return read.error();
  if (auto read = read_sampling(*body, request.sampling); !read) return read.error();
  if (const json* model = member(*body, "model"); model != nullptr) {
    if (!model->is_string() || model->get_ref<const std::string&>().size() > kMostModelBytes) return invalid("model");
    request.model = model->get<std::string>();
  }
  for (const char* name : kIgnored) {
    if (member(*body, name) != nullptr) request.ignored.emplace_back(name);
  }
  return request;
}

}  // namespace pais::server
