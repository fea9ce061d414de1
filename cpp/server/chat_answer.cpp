#include "server/chat_answer.h"

#include <array>
#include <charconv>

#include "base/json_text.h"
#include "http/server.h"

namespace pais::server {
namespace {

std::string json_string(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

// Of the size of 1: four digits tell enough.
std::string number(double value) {
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.begin(), text.end(), value, std::chars_format::general, 4).ptr;
  return {text.begin(), end};
}

std::string usage_json(const events::Usage& usage, const events::Usage& delegated = {}) {
  std::string out = "{\"prompt_tokens\":" + std::to_string(usage.input_tokens) +
                    ",\"completion_tokens\":" + std::to_string(usage.output_tokens) +
                    ",\"total_tokens\":" + std::to_string(usage.total());
  if (usage.cached_tokens > 0) {
    out += ",\"prompt_tokens_details\":{\"cached_tokens\":" + std::to_string(usage.cached_tokens) + "}";
  }
  if (delegated.total() > 0) out += ",\"delegations\":" + usage_json(delegated);
  return out + "}";
}

std::string frame_json(const AnswerFrame& frame, std::string_view object) {
  std::string out = "{\"id\":" + json_string(frame.id) + ",\"object\":\"";
  out.append(object).append("\",\"created\":").append(std::to_string(frame.created));
  return out.append(",\"model\":").append(json_string(frame.model)).append(",\"choices\":");
}

}  // namespace

std::string_view wire_name(events::FinishReason finish) {
  switch (finish) {
    case events::FinishReason::length:
      return "length";
    case events::FinishReason::content_filter:
      return "content_filter";
    case events::FinishReason::stop:
      break;
  }
  return "stop";
}

std::string chat_completion(const AnswerFrame& frame, const events::TurnEnded& turn, std::string_view reasoning,
                            const events::Usage& delegated) {
  std::string out = frame_json(frame, "chat.completion");
  out.reserve(out.size() + turn.text.size() + turn.text.size() / 8 + 256);
  out += "[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":";
  append_json_string(out, turn.text);
  if (!reasoning.empty()) {
    out += ",\"reasoning_content\":";
    append_json_string(out, reasoning);
  }
  out.append("},\"finish_reason\":\"").append(wire_name(turn.finish)).append("\"}],\"usage\":");
  out.append(usage_json(turn.usage, delegated)).append(",\"session_id\":");
  append_json_string(out, frame.session_id);
  return out + "}";
}

std::string failed_completion(std::string error, const events::Usage& usage, const events::Usage& delegated) {
  if (usage.total() == 0 && delegated.total() == 0) return error;
  error.pop_back();
  return error.append(",\"usage\":").append(usage_json(usage, delegated)).append("}");
}

ChunkWriter::ChunkWriter(const AnswerFrame& frame, bool with_usage)
    : begin_("data: " + frame_json(frame, "chat.completion.chunk")),
      end_(with_usage ? ",\"usage\":null}\n\n" : "}\n\n") {}

std::string ChunkWriter::delta(std::string_view member, std::string_view text) const {
  std::string out;
  out.reserve(begin_.size() + text.size() + text.size() / 8 + 96);
  out.append(begin_).append("[{\"index\":0,\"delta\":{\"").append(member).append("\":");
  append_json_string(out, text);
  return out.append("},\"finish_reason\":null}]").append(end_);
}

std::string ChunkWriter::role() const {
  return begin_ + R"([{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}])" + end_;
}

std::string ChunkWriter::content(std::string_view text) const {
  return delta("content", text);
}

std::string ChunkWriter::reasoning(std::string_view text) const {
  return delta("reasoning_content", text);
}

std::string ChunkWriter::finish(events::FinishReason finish) const {
  std::string out = begin_ + R"([{"index":0,"delta":{},"finish_reason":")";
  return out.append(wire_name(finish)).append("\"}]").append(end_);
}

std::string ChunkWriter::usage(const events::Usage& usage, const events::Usage& delegated) const {
  return begin_ + "[],\"usage\":" + usage_json(usage, delegated) + "}\n\n";
}

std::string ChunkWriter::progress(std::string_view progress_json) const {
  return "event: progress\ndata: " + std::string(progress_json.substr(0, progress_json.size() - 1)) + ", " +
         begin_.substr(std::string_view("data: {").size()) + "[]" + end_;
}

std::string ChunkWriter::error(const Error& error, const events::Usage& usage, const events::Usage& delegated) {
  return "data: " + failed_completion(http::error_event_json(error), usage, delegated) + "\n\n";
}

std::string progress_json(const ProgressLine& line) {
  std::string out = "{\"type\": \"progress\", \"step\": " + std::to_string(line.step) +
                    ", \"max_steps\": " + std::to_string(line.max_steps) + ", \"action\": \"";
  out.append(line.delegation ? "delegate" : "tool_call").append("\", \"target\": ");
  append_json_string(out, line.target);
  if (!line.agent.empty()) append_json_string(out += ", \"agent\": ", line.agent);
  if (line.so_far != nullptr) {
    out.append(", \"fraction\": ").append(line.so_far->fraction ? number(*line.so_far->fraction) : "null");
    append_json_string(out += ", \"message\": ", line.so_far->message);
  }
  return out + "}";
}

}  // namespace pais::server
