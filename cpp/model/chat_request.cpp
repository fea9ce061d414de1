#include "model/chat_request.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <optional>
#include <utility>

#include "base/json_text.h"

namespace pais::model {
namespace {

std::string_view role_name(Message::Role role) {
  switch (role) {
    case Message::Role::system:
      return "system";
    case Message::Role::user:
      return "user";
    case Message::Role::assistant:
      return "assistant";
    case Message::Role::tool:
      return "tool";
  }
  return "user";
}

class Writer {
 public:
  explicit Writer(const Request& request) { out_.reserve(expected_size(request)); }

  std::string take() { return std::move(out_); }

  void request(std::string_view model, const Request& request, bool include_usage) {
    out_ += R"({"model":)";
    append_json_string(out_, model);
    out_ += R"(,"messages":[)";
    each(request.messages, [this](const Message& message) { this->message(message); });
    out_ += ']';
    if (!request.tools.empty()) tools(request.tools, request.tool_required);
    sampling(request.sampling);
    out_ += request.stream ? R"(,"stream":true)" : R"(,"stream":false)";
    if (request.stream && include_usage) out_ += R"(,"stream_options":{"include_usage":true})";
    out_ += '}';
  }

 private:
  static std::size_t expected_size(const Request& request) {
    std::size_t size = 512 + request.tools.json().size();
    for (const Message& message : request.messages) size += message.text.size() + message.text.size() / 16 + 64;
    return size;
  }

  template <typename Items, typename Write>
  void each(const Items& items, Write write) {
    bool first = true;
    for (const auto& item : items) {
      if (!first) out_ += ',';
      first = false;
      write(item);
    }
  }

  void string(std::string_view text) { append_json_string(out_, text); }

  void message(const Message& message) {
    out_ += R"({"role":")";
    out_ += role_name(message.role);
    out_ += R"(","content":)";
    content(message);
    if (!message.calls.empty()) calls(message.calls);
    if (message.role == Message::Role::tool) {
      out_ += R"(,"tool_call_id":)";
      string(message.call_id);
    }
    out_ += '}';
  }

  void content(const Message& message) {
    if (!message.images.empty()) return parts(message);
    if (!message.calls.empty() && message.text.empty()) {
      out_ += "null";
      return;
    }
    string(message.text);
  }

  void parts(const Message& message) {
    out_ += '[';
    if (!message.text.empty()) {
      out_ += R"({"type":"text","text":)";
      string(message.text);
      out_ += "},";
    }
    each(message.images, [this](const std::string& url) {
      out_ += R"({"type":"image_url","image_url":{"url":)";
      string(url);
      out_ += "}}";
    });
    out_ += ']';
  }

  void calls(const std::vector<events::ToolCall>& calls) {
    out_ += R"(,"tool_calls":[)";
    each(calls, [this](const events::ToolCall& call) {
      out_ += R"({"id":)";
      string(call.id);
      out_ += R"(,"type":"function","function":{"name":)";
      string(call.tool);
      out_ += R"(,"arguments":)";
      string(call.arguments.empty() ? "{}" : std::string_view(call.arguments));
      out_ += "}}";
    });
    out_ += ']';
  }

  void tools(const Offers& tools, bool required) {
    out_ += R"(,"tools":)";
    out_ += tools.json();
    out_ += required ? R"(,"tool_choice":"required")" : R"(,"tool_choice":"auto")";
  }

  void sampling(const Sampling& sampling) {
    number("temperature", sampling.temperature);
    number("top_p", sampling.top_p);
    number("presence_penalty", sampling.presence_penalty);
    number("frequency_penalty", sampling.frequency_penalty);
    number("max_tokens", sampling.max_tokens);
    number("max_completion_tokens", sampling.max_completion_tokens);
    number("seed", sampling.seed);
    if (sampling.stop.empty()) return;
    out_ += R"(,"stop":[)";
    each(sampling.stop, [this](const std::string& text) { string(text); });
    out_ += ']';
  }

  template <typename Number>
  void number(std::string_view name, const std::optional<Number>& value) {
    if (!value || !std::isfinite(static_cast<double>(*value))) return;  // JSON has no word for infinity
    std::array<char, 32> digits{};
    const auto [end, problem] = std::to_chars(digits.data(), digits.data() + digits.size(), *value);
    if (problem != std::errc()) return;
    out_ += ",\"";
    out_ += name;
    out_ += "\":";
    out_.append(digits.data(), end);
  }

  std::string out_;
};

}  // namespace

std::string write_chat_request(std::string_view model, const Request& request, bool include_usage) {
  Writer writer(request);
  writer.request(model, request, include_usage);
  return writer.take();
}

}  // namespace pais::model
