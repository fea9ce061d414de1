// Words that producers, listeners and stores of a run share.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace pais::events {

enum class Speaker { user, assistant };

// One thing said in a conversation.
struct Utterance {
  Speaker speaker = Speaker::user;
  std::string text;
};

// A model's wish to have a tool called. `arguments` is JSON text as the model wrote it, whole but unchecked.
struct ToolCall {
  std::string id;
  std::string tool;
  std::string arguments;
};

// What is said to a model, in the order it is to read it.
struct Message {
  enum class Role { system, user, assistant, tool };
  Role role = Role::user;
  std::string text = {};
  std::vector<std::string> images = {};  // URLs (also data URLs) of a user message
  std::vector<ToolCall> calls = {};      // of an assistant message
  std::string call_id = {};              // of a tool message: which call it answers
  std::string tool = {};                 // of a tool message: the tool's name
};

struct ToolOffer {
  std::string name = {};
  std::string description = {};
  std::string parameters = {};  // JSON Schema text of an object
};

// Where a model is asked.
struct ModelServer {
  std::string address = {};  // host name or IP address
  int port = 0;
};

// What a model says it consumed; sums over the model calls of a run. A model may say anything: a sum that no number
// holds is the largest there is.
struct Usage {
  std::int64_t input_tokens = 0;
  std::int64_t output_tokens = 0;
  std::int64_t cached_tokens = 0;

  std::int64_t total() const { return sum(input_tokens, output_tokens); }
  Usage& operator+=(const Usage& more) {
    input_tokens = sum(input_tokens, more.input_tokens);
    output_tokens = sum(output_tokens, more.output_tokens);
    cached_tokens = sum(cached_tokens, more.cached_tokens);
    return *this;
  }

  static std::int64_t sum(std::int64_t one, std::int64_t other) {
    constexpr auto kMost = std::numeric_limits<std::int64_t>::max();
    return other > 0 && one > kMost - other ? kMost : one + other;
  }
};

}  // namespace pais::events
