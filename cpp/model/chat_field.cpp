#include "model/chat_field.h"

#include <algorithm>
#include <array>

namespace pais::model {

ChatField chat_field_named(std::string_view name) {
  struct Entry {
    std::string_view name;
    ChatField field;
  };
  static constexpr std::array kFields = {Entry{"content", ChatField::content},
                                         Entry{"delta", ChatField::message},
                                         Entry{"choices", ChatField::choices},
                                         Entry{"index", ChatField::index},
                                         Entry{"finish_reason", ChatField::finish_reason},
                                         Entry{"id", ChatField::id},
                                         Entry{"model", ChatField::model},
                                         Entry{"object", ChatField::object},
                                         Entry{"usage", ChatField::usage},
                                         Entry{"message", ChatField::message},
                                         Entry{"reasoning_content", ChatField::reasoning_content},
                                         Entry{"reasoning", ChatField::reasoning},
                                         Entry{"refusal", ChatField::refusal},
                                         Entry{"tool_calls", ChatField::tool_calls},
                                         Entry{"function", ChatField::function},
                                         Entry{"name", ChatField::name},
                                         Entry{"arguments", ChatField::arguments},
                                         Entry{"type", ChatField::type},
                                         Entry{"text", ChatField::text},
                                         Entry{"prompt_tokens", ChatField::prompt_tokens},
                                         Entry{"completion_tokens", ChatField::completion_tokens},
                                         Entry{"prompt_tokens_details", ChatField::prompt_tokens_details},
                                         Entry{"cached_tokens", ChatField::cached_tokens},
                                         Entry{"error", ChatField::error},
                                         Entry{"code", ChatField::code}};
  const auto* const found =
      std::find_if(kFields.begin(), kFields.end(), [name](const Entry& entry) { return entry.name == name; });
  return found == kFields.end() ? ChatField::unknown : found->field;
}

}  // namespace pais::model
