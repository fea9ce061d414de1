#include "model/call_ids.h"

#include <set>
#include <string_view>

namespace pais::model {

void make_ids_unique(std::vector<events::ToolCall>& calls, const std::vector<Message>& earlier) {
  if (calls.empty()) return;
  std::set<std::string> taken;
  for (const Message& message : earlier) {
    for (const events::ToolCall& call : message.calls) taken.insert(call.id);
  }
  std::size_t number = taken.size();
  for (events::ToolCall& call : calls) {
    const std::string stem = call.id.empty() ? "call" : call.id;
    if (call.id.empty()) call.id = stem + "_" + std::to_string(++number);
    while (!taken.insert(call.id).second) call.id = stem + "_" + std::to_string(++number);
  }
}

}  // namespace pais::model
