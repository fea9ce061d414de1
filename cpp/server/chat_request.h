// What a client asks of the chat API, read once, at the door.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "events/values.h"
#include "model/model.h"

namespace pais::server {

struct ChatRequest {
  std::string prompt;                      // text only, for the model
  std::string remembered_prompt;           // with "[image]" where the images stood
  std::vector<std::string> images;         // URLs of the prompt's image parts
  bool delegated = false;                  // handed over by another agent
  std::vector<events::Utterance> history;  // what the client says was said before
  std::string system_texts;                // the client's own instructions, in order
  std::string session_id;                  // "" when the body names none
  std::string model = "agent";             // echoed, never chosen by
  bool stream = false;
  bool include_usage = false;
  model::Sampling sampling;
  std::vector<std::string> ignored;  // options of the API that an agent decides for itself
};

// Errors carry the field at fault in `param`.
Result<ChatRequest> read_chat_request(std::string_view body);

// Checks an id from outside: 1 to 256 bytes without control characters.
Result<std::string> read_session_id(std::string_view text);

}  // namespace pais::server
