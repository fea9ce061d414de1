// A model's stream, cut anywhere, gives the same answer, and what was heard of it is what is in it. The first byte says
// where the cuts are.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <set>
#include <string>
#include <string_view>

#include "model/answer_stream.h"
#include "model/call_ids.h"
#include "model/held_deltas.h"
#include "model/string_mode.h"

namespace {

using pais::model::Answer;

void require(bool holds) {
  if (!holds) std::abort();
}

class Ear final : public pais::model::Deltas {
 public:
  std::string said;
  std::string thought;

  void text(std::string_view piece) override { said += piece; }
  void thinking(std::string_view piece) override { thought += piece; }
};

struct Seen {
  pais::Result<Answer> answer;
  std::string said;
  std::string thought;
};

Seen read(std::string_view bytes, std::size_t piece) {
  Ear ear;
  pais::model::AnswerStream stream(ear);
  while (!bytes.empty()) {
    const std::string_view next = bytes.substr(0, piece);
    bytes.remove_prefix(next.size());
    if (!stream.feed(next)) break;
  }
  auto answer = stream.finish();
  return {std::move(answer), ear.said, ear.thought};
}

void require_same(const Seen& a, const Seen& b) {
  require(a.said == b.said && a.thought == b.thought);
  require(static_cast<bool>(a.answer) == static_cast<bool>(b.answer));
  if (!a.answer) return require(a.answer.error().code == b.answer.error().code);
  require(a.answer->calls.size() == b.answer->calls.size());
  for (std::size_t i = 0; i < a.answer->calls.size(); ++i) {
    require(a.answer->calls[i].id == b.answer->calls[i].id);
    require(a.answer->calls[i].tool == b.answer->calls[i].tool);
    require(a.answer->calls[i].arguments == b.answer->calls[i].arguments);
  }
}

void require_sound(Answer answer) {
  pais::model::make_ids_unique(answer.calls, {});
  std::set<std::string> ids;
  for (const auto& call : answer.calls) {
    require(!call.tool.empty() && !call.arguments.empty() && !call.id.empty());
    require(ids.insert(call.id).second);
  }
}

// The same text as a model without function calling would be understood.
void read_as_words(Answer answer) {
  const pais::model::Request request{.tools = {{.name = "add"}, {.name = "now"}}};
  Ear ear;
  pais::model::HeldDeltas held(ear);
  held.text(answer.text);
  held.release();
  require(ear.said == answer.text);
  answer.calls.clear();
  if (pais::model::read_calls_of_text(answer, request)) require_sound(std::move(answer));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const Seen seen = read(bytes, bytes.size());
  require_same(seen, read(bytes, 1 + data[0] % 16));
  if (!seen.answer) return 0;
  require(seen.answer->text == seen.said && seen.answer->thinking == seen.thought);
  require_sound(*seen.answer);
  read_as_words(*seen.answer);
  return 0;
}
