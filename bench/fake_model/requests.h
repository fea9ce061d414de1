// What the fake model understands of a request: enough to answer it in the right form, found by looking for words
// instead of reading JSON. A model server at wire speed has no time for more.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace pais::bench {

struct RawRequest {
  std::string_view head;  // request line and headers
  std::string_view body;
  std::size_t size = 0;          // of both, as they lay in the input
  bool has_known_length = true;  // false for a chunked body, which is not read here

  bool asks_for_chat() const;
};

// The first whole request of `input`; none while a part of it is missing.
std::optional<RawRequest> first_request(std::string_view input);

struct ChatAsked {
  bool stream = false;
  bool include_usage = false;
  std::size_t tool_results = 0;  // how many tools have answered in this conversation
};

ChatAsked read_chat(std::string_view body);

}  // namespace pais::bench
