// The names in a model's answer that mean something, wherever they stand.
#pragma once

#include <string_view>

namespace pais::model {

enum class ChatField {
  unknown,
  arguments,
  cached_tokens,
  choices,
  code,
  completion_tokens,
  content,
  error,
  finish_reason,
  function,
  id,
  index,
  message,
  model,
  name,
  object,
  prompt_tokens,
  prompt_tokens_details,
  reasoning,
  reasoning_content,
  refusal,
  text,
  tool_calls,
  type,
  usage
};

ChatField chat_field_named(std::string_view name);

}  // namespace pais::model
