// What the chat API answers: one JSON object, or the messages of a stream.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"
#include "events/run_event.h"

namespace pais::server {

// One answer's own facts, the same in all its chunks.
struct AnswerFrame {
  std::string id;
  std::string session_id;
  std::string model;
  std::int64_t created = 0;
};

std::string_view wire_name(events::FinishReason finish);

// `delegated` is what other agents have used on this turn: told beside its own usage, when there is any.
std::string chat_completion(const AnswerFrame& frame, const events::TurnEnded& turn, std::string_view reasoning,
                            const events::Usage& delegated = {});

// `error` is the JSON of an error, as every route answers it; with what was used before it came to that, when that was
// anything: whoever delegated to us is to count it.
std::string failed_completion(std::string error, const events::Usage& usage, const events::Usage& delegated);

// Makes the messages of one stream. The parts that never change are written once.
class ChunkWriter {
 public:
  // `with_usage`: the client wants usage at the end, and `"usage":null` until then.
  ChunkWriter(const AnswerFrame& frame, bool with_usage);

  std::string role() const;
  std::string content(std::string_view text) const;
  std::string reasoning(std::string_view text) const;
  std::string finish(events::FinishReason finish) const;
  std::string usage(const events::Usage& usage, const events::Usage& delegated = {}) const;
  // An event of its own name, with the members of `progress_json`. A client that heeds no names takes it for a chunk
  // without choices, as the one that brings the usage is.
  std::string progress(std::string_view progress_json) const;

  static std::string error(const Error& error, const events::Usage& usage = {}, const events::Usage& delegated = {});
  static std::string_view done() { return "data: [DONE]\n\n"; }

 private:
  std::string delta(std::string_view member, std::string_view text) const;

  std::string begin_;  // up to the delta's members
  std::string end_;    // from behind the choice
};

// `{"type": "progress", …}`, spaced as the Python server writes it: some readers look for a piece of it.
struct ProgressLine {
  int step = 1;
  int max_steps = 1;
  bool delegation = false;
  std::string_view target;
  std::string_view agent = {};              // another agent, that asked for the tool; empty: this one
  const events::Advance* so_far = nullptr;  // of a call that is under way
};
std::string progress_json(const ProgressLine& line);

}  // namespace pais::server
