// What another agent answers to a delegated task: a whole chat completion, or a stream of chunks.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "events/run_event.h"
#include "events/values.h"
#include "http/sse.h"

namespace pais::tools::delegation {

struct ChatReply {
  std::string text;
  events::Usage usage = {};  // of the agent, and of those it delegated to itself
};

// Code::malformed when there is no answer in it.
Result<ChatReply> read_reply(std::string_view body);

// What an agent says it has used, also of one that failed; nothing when it says nothing.
events::Usage read_usage(std::string_view body);

// Reads a streamed answer from bytes that may be cut anywhere.
//
// Text that is followed by a tool call was no answer: what counts is what the agent says after its last one.
class ReplyStream {
 public:
  using OnProgress = std::function<void(const events::DelegationProgressed& progress)>;

  static constexpr int kMostProgress = 1000;

  // `on_progress` hears of the agent's own tool calls, with neither call id nor agent filled in, and of no more than
  // `kMostProgress`.
  explicit ReplyStream(OnProgress on_progress) : on_progress_(std::move(on_progress)) {}

  // False when nothing more is wanted.
  bool feed(std::string_view bytes);

  // The status that the agent would have answered with, had it not begun to stream; nothing when it did not fail.
  std::optional<int> failed_status() const { return failed_status_; }

  // As far as the agent has said it.
  const events::Usage& usage() const { return reply_.usage; }

  // Code::malformed when the stream broke off, or was none.
  Result<ChatReply> finish();

 private:
  bool take(const http::SseEvent& event);
  void take_progress(std::string_view text);

  const OnProgress on_progress_;
  http::SseReader reader_{1024 * 1024};
  ChatReply reply_;
  int progress_ = 0;
  bool said_before_ = false;  // the agent wrote text beside a tool call
  bool finished_ = false;
  bool unreadable_ = false;
  std::optional<int> failed_status_;
};

}  // namespace pais::tools::delegation
