// What an MCP server answers, to whatever question: read as a stream that is cut anywhere and as one body it is the
// same, and what follows from it is sound: a result for the model in UTF-8, a list of tools within its bounds. The
// first byte says where the cuts are, and how the answer comes.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "nlohmann/json.hpp"

#include "base/json.h"
#include "base/utf8.h"
#include "tools/mcp/catalog.h"
#include "tools/mcp/header_value.h"
#include "tools/mcp/reception.h"
#include "tools/mcp/remote_tool.h"
#include "tools/mcp/tool_answer.h"

namespace {

using namespace pais::tools::mcp;

constexpr std::size_t kMost = 64 * 1024;

void require(bool holds) {
  if (!holds) std::abort();
}

Reception receive(std::string_view bytes, std::size_t piece, bool as_stream, int status, const Hear& hear) {
  Reception reception(R"("q")", hear, kMost);
  reception.begin();
  const auto receiver = reception.receiver();
  receiver.on_head(
      {.status = status, .headers = {{"Content-Type", as_stream ? "text/event-stream" : "application/json"}}});
  while (!bytes.empty()) {
    const std::string_view next = bytes.substr(0, piece);
    bytes.remove_prefix(next.size());
    if (!receiver.on_bytes(next)) break;
  }
  reception.read_body();
  return reception;
}

void require_sound(const pais::tools::ToolResult& result) {
  require(pais::is_utf8(result.content));
  require(!result.is_json || static_cast<bool>(pais::parse_json(result.content, {.depth = 2 * pais::kMaxJsonDepth})));
}

void require_sound(const nlohmann::json& page) {
  ToolPages pages(true);
  if (!pages.add(page)) return;
  const auto tools = std::make_shared<const std::vector<RemoteTool>>(pages.take());
  for (const RemoteTool& each : *tools) {
    require(!each.name.empty() && static_cast<bool>(pais::parse_json(each.parameters)));
    for (const auto& [name, value] : each.headers_for(page)) require(header_value(value) == value);
  }
  const Catalog catalog(
      {{.server = "a", .tools = tools, .offered = true}, {.server = "b", .tools = tools, .offered = true}});
  require(catalog.offered()->size() <= 2 * tools->size());
  for (const pais::tools::Tool& each : *catalog.offered()) {
    require(!each.name.empty() && each.name.size() <= Catalog::kMaxNameBytes && catalog.find(each.name) != nullptr);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const bool as_stream = (data[0] & 0x80U) != 0;
  const int status = (data[0] & 0x40U) != 0 ? 400 : 200;
  std::size_t heard = 0;
  const Hear hear = [&](const Message& message) {
    ++heard;
    require(static_cast<bool>(pais::parse_json(answer_to(message))));
  };
  const Reception whole = receive(bytes, bytes.size(), as_stream, status, hear);
  const std::size_t heard_at_once = std::exchange(heard, 0);
  const Reception cut = receive(bytes, 1 + data[0] % 16, as_stream, status, hear);

  require(heard_at_once == heard);
  require(whole.answer().has_value() == cut.answer().has_value());
  require(whole.last_event_id() == cut.last_event_id());
  if (!whole.answer()) return 0;
  require(*whole.answer()->content == *cut.answer()->content);
  if (whole.answer()->kind == Message::Kind::refusal) {
    require_sound(read_refusal(whole.answer()->refused));
    return 0;
  }
  require_sound(read_tool_answer(*whole.answer()->content));
  require_sound(*whole.answer()->content);
  return 0;
}
