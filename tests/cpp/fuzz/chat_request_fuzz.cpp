// Bytes from strangers as a chat request. What is taken is text that may be passed on.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/utf8.h"
#include "server/chat_request.h"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto request = pais::server::read_chat_request({reinterpret_cast<const char*>(data), size});
  if (!request) return 0;

  require(request->session_id.empty() || pais::server::read_session_id(request->session_id));
  require(pais::is_utf8(request->prompt) && pais::is_utf8(request->remembered_prompt));
  require(request->images.empty() || request->remembered_prompt.find("[image]") != std::string::npos);
  require(std::ranges::all_of(request->history, [](const auto& said) { return pais::is_utf8(said.text); }));
  return 0;
}
