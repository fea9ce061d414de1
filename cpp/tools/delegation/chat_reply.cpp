#include "tools/delegation/chat_reply.h"

#include <algorithm>
#include <cstdint>

#include "nlohmann/json.hpp"

#include "base/error.h"
#include "base/json.h"

namespace pais::tools::delegation {
namespace {

using nlohmann::json;

constexpr std::string_view kDone = "[DONE]";
constexpr std::string_view kBetweenAnswers = "\n\n";
constexpr std::size_t kMostNameBytes = 256;
constexpr std::int64_t kMostTokens = std::int64_t{1} << 40;

// The member, or null when there is none of that name, or no object to have one.
const json* member(const json* object, const char* name) {
  if (object == nullptr || !object->is_object()) return nullptr;
  const auto found = object->find(name);
  return found == object->end() || found->is_null() ? nullptr : &*found;
}

const json* first_choice(const json& body) {
  const json* choices = member(&body, "choices");
  return choices != nullptr && choices->is_array() && !choices->empty() ? &choices->front() : nullptr;
}

std::int64_t count(const json* object, const char* name) {
  const json* value = member(object, name);
  if (value == nullptr || !value->is_number_integer()) return 0;
  return std::clamp<std::int64_t>(value->get<std::int64_t>(), 0, kMostTokens);
}

events::Usage counted(const json* usage) {
  return {.input_tokens = count(usage, "prompt_tokens"),
          .output_tokens = count(usage, "completion_tokens"),
          .cached_tokens = count(member(usage, "prompt_tokens_details"), "cached_tokens")};
}

events::Usage usage_of(const json& body) {
  const json* usage = member(&body, "usage");
  events::Usage sum = counted(usage);
  sum += counted(member(usage, "delegations"));
  return sum;
}

std::string name_of(const json& object, const char* name) {
  const json* value = member(&object, name);
  if (value == nullptr || !value->is_string()) return {};
  const auto& text = value->get_ref<const std::string&>();
  return text.size() <= kMostNameBytes ? text : std::string();
}

int small_number(const json& object, const char* name) {
  return static_cast<int>(std::min<std::int64_t>(count(&object, name), 1'000'000));
}

// A call that has just been asked for has no `fraction`, not even an unknown one.
std::optional<events::Advance> advance_in(const json& progress) {
  const auto fraction = progress.find("fraction");
  if (fraction == progress.end()) return std::nullopt;
  events::Advance so_far{.fraction = {}, .message = name_of(progress, "message")};
  if (fraction->is_number()) so_far.fraction = std::clamp(fraction->get<double>(), 0.0, 1.0);
  return so_far;
}

int status_named(const std::string& code) {
  for (const CodeFacts& row : all_codes()) {
    if (row.name == code) return row.status;
  }
  return facts(Code::internal).status;
}

}  // namespace

Result<ChatReply> read_reply(std::string_view body) {
  const auto read = parse_json(body);
  if (!read) return read.error();
  const json* content = member(member(first_choice(*read), "message"), "content");
  if (content == nullptr || !content->is_string()) {
    return Error{.code = Code::malformed, .cause = "no chat completion with text"};
  }
  return ChatReply{.text = content->get<std::string>(), .usage = usage_of(*read)};
}

events::Usage read_usage(std::string_view body) {
  const auto read = parse_json(body);
  return read ? usage_of(*read) : events::Usage();
}

bool ReplyStream::feed(std::string_view bytes) {
  return reader_.feed(bytes, [this](const http::SseEvent& event) { return take(event); });
}

bool ReplyStream::take(const http::SseEvent& event) {
  if (event.data == kDone) {
    finished_ = true;
    return false;
  }
  if (event.event == "progress") {
    take_progress(event.data);
    return true;
  }
  const auto chunk = parse_json(event.data);
  if (!chunk || !chunk->is_object()) {
    unreadable_ = true;
    return false;
  }
  if (member(&*chunk, "usage") != nullptr) reply_.usage = usage_of(*chunk);
  if (const json* error = member(&*chunk, "error")) {
    failed_status_ = status_named(error->is_object() ? name_of(*error, "code") : std::string());
    return false;
  }
  const json* choice = first_choice(*chunk);
  const json* content = member(member(choice, "delta"), "content");
  if (content != nullptr && content->is_string()) reply_.text += content->get_ref<const std::string&>();
  return true;
}

void ReplyStream::take_progress(std::string_view text) {
  const auto progress = parse_json(text);
  if (!progress || !progress->is_object()) return;
  said_before_ = said_before_ || !reply_.text.empty();
  reply_.text.clear();
  if (++progress_ > kMostProgress) return;
  on_progress_({.call_id = {},
                .agent = name_of(*progress, "agent"),
                .step = small_number(*progress, "step"),
                .max_steps = small_number(*progress, "max_steps"),
                .delegation = name_of(*progress, "action") == "delegate",
                .target = name_of(*progress, "target"),
                .so_far = advance_in(*progress)});
}

Result<ChatReply> ReplyStream::finish() {
  if (unreadable_ || !finished_) return Error{.code = Code::malformed, .cause = "the stream is none, or broke off"};
  if (said_before_ && reply_.text.starts_with(kBetweenAnswers)) reply_.text.erase(0, kBetweenAnswers.size());
  return std::move(reply_);
}

}  // namespace pais::tools::delegation
