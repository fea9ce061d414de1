#include "fake_model/answers.h"

#include <charconv>

namespace pais::bench {
namespace {

constexpr std::string_view kChunkFront =
    R"({"id":"chatcmpl-fake","object":"chat.completion.chunk","created":1700000000,"model":"fake",)";

std::string json_string(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + '"';
}

std::string answer(std::string_view status, std::string_view body) {
  return "HTTP/1.1 " + std::string(status) +
         "\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
         std::string(body);
}

std::string completion(const std::string& message, std::string_view finish_reason, const std::string& usage) {
  return answer("200 OK", R"({"id":"chatcmpl-fake","object":"chat.completion","created":1700000000,"model":"fake",)"
                          R"("choices":[{"index":0,"message":{"role":"assistant",)" +
                              message + R"(},"finish_reason":")" + std::string(finish_reason) + R"("}],"usage":)" +
                              usage + "}");
}

std::string usage_of(std::size_t completion_tokens) {
  return R"({"prompt_tokens":10,"completion_tokens":)" + std::to_string(completion_tokens) + R"(,"total_tokens":)" +
         std::to_string(10 + completion_tokens) + "}";
}

// One server-sent event in a chunk of its own.
void append_event(std::string& output, std::string_view data) {
  constexpr std::string_view kFront = "data: ";
  constexpr std::string_view kEnd = "\n\n";
  char size[16];
  const auto end = std::to_chars(size, size + sizeof(size), kFront.size() + data.size() + kEnd.size(), 16).ptr;
  output.append(size, end).append("\r\n").append(kFront).append(data).append(kEnd).append("\r\n");
}

std::string choice_chunk(std::string_view delta, std::string_view finish_reason) {
  return std::string(kChunkFront) + R"("choices":[{"index":0,"delta":)" + std::string(delta) + R"(,"finish_reason":)" +
         std::string(finish_reason) + "}]}";
}

std::string stream_head() {
  return "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\n"
         "Transfer-Encoding: chunked\r\n\r\n";
}

std::string ending(std::string_view finish_reason, const std::string& usage) {
  std::string end;
  append_event(end, choice_chunk("{}", finish_reason));
  if (!usage.empty()) append_event(end, std::string(kChunkFront) + R"("choices":[],"usage":)" + usage + "}");
  append_event(end, "[DONE]");
  return end + "0\r\n\r\n";
}

}  // namespace

Answers::Answers(const AnswerOptions& options) : tokens_(options.tokens), tool_calls_(options.tool_calls) {
  const std::string call = R"({"id":"call_fake","type":"function","function":{"name":)" +
                           json_string(options.tool_name) + R"(,"arguments":)" + json_string(options.tool_arguments) +
                           "}}";
  text_ = completion(R"("content":")" + std::string(options.answer_bytes, 'x') + '"', "stop",
                     usage_of(options.answer_bytes / 4));
  tool_call_ = completion(R"("content":null,"tool_calls":[)" + call + "]", "tool_calls", usage_of(5));
  models_ = answer("200 OK", R"({"object":"list","data":[{"id":"fake","object":"model","created":1700000000,)"
                             R"("owned_by":"bench"}]})");
  healthy_ = answer("200 OK", R"({"status":"healthy"})");
  not_found_ = answer("404 Not Found", R"({"error":{"message":"Only POST /v1/chat/completions is answered here."}})");
  length_required_ = answer("411 Length Required", R"({"error":{"message":"Content-Length is required."}})");

  stream_opening_ = stream_head();
  append_event(stream_opening_, choice_chunk(R"({"role":"assistant","content":""})", "null"));
  stream_end_ = ending(R"("stop")", "");
  stream_end_with_usage_ = ending(R"("stop")", usage_of(options.tokens));
  tool_call_stream_ = stream_head();
  append_event(
      tool_call_stream_,
      choice_chunk(R"({"role":"assistant","content":null,"tool_calls":[{"index":0,)" + call.substr(1) + "]}", "null"));
  tool_call_stream_ += ending(R"("tool_calls")", "");
}

void Answers::append_token(std::string& output, const TokenMark& mark) const {
  std::string delta = R"({"content":")";
  append_mark(delta, mark);
  delta += R"("})";
  append_event(output, choice_chunk(delta, "null"));
}

}  // namespace pais::bench
