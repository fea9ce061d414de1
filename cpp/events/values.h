// Words that producers, listeners and stores of a run share.
#pragma once

#include <cstdint>
#include <string>

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

// What a model says it consumed; sums over the model calls of a run.
struct Usage {
  std::int64_t input_tokens = 0;
  std::int64_t output_tokens = 0;
  std::int64_t cached_tokens = 0;

  std::int64_t total() const { return input_tokens + output_tokens; }
  Usage& operator+=(const Usage& more) {
    input_tokens += more.input_tokens;
    output_tokens += more.output_tokens;
    cached_tokens += more.cached_tokens;
    return *this;
  }
};

}  // namespace pais::events
