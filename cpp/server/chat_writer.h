// The listener that answers the chat client: one JSON object when the turn has ended, or events as they happen.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "events/run.h"
#include "http/server.h"
#include "server/chat_answer.h"

namespace pais::server {

enum class Progress { content, event, off };

struct WriterOptions {
  bool stream = false;
  bool include_usage = false;
  bool reasoning = false;       // pass the model's reasoning on
  bool errors_as_text = false;  // PAIS_ERRORS=text
  Progress progress = Progress::content;
  int max_steps = 5;
  std::chrono::milliseconds commit{30'000};
  http::Headers headers = {};  // of every answer: X-Session-ID and the like
  // Asked when the status goes out: whether the turn is remembered, as far as that is known by then. {}: it is.
  std::function<bool()> is_remembered = {};
};

// The status is decided by the first thing there is to send: progress, text, the end or a failure. So a run that fails
// at once fails with a true status; one that fails later ends its stream with an error event.
class ChatWriter : public events::RunListener {
 public:
  ChatWriter(std::shared_ptr<http::Exchange> exchange, AnswerFrame frame, WriterOptions options);

  void on(const events::RunEvent& event) override;

 private:
  void requested(const events::ToolCallRequested& request);
  void progressed(const events::ToolCallProgressed& progress);
  void progressed(const events::DelegationProgressed& progress);
  void show(const ProgressLine& line);
  void thought(const events::ThinkingDelta& delta);
  void ended(const events::TurnEnded& turn);
  void answer_whole(const events::TurnEnded& turn);
  void answer_error(const Error& error);
  void finish_stream(const events::TurnEnded& turn);
  void send(std::string_view block);
  http::Headers headers() const;
  http::StreamOpening opening() const;

  const std::shared_ptr<http::Exchange> exchange_;
  const AnswerFrame frame_;
  const WriterOptions options_;
  const ChunkWriter chunks_;
  http::EventStream* stream_ = nullptr;  // once it is open
  std::string reasoning_;                // of a plain answer
  events::Usage used_;                   // by the model calls so far: a producer that fails need not know the sum
  events::Usage delegated_;              // what other agents have used
  int step_ = 1;                         // of the tool calls that are under way
  bool called_tools_ = false;            // so that repeating the request would do it all again
};

// The client's wish over the setting: header X-PAIS-Progress.
Progress progress_asked_for(std::string_view header, Progress standard);

}  // namespace pais::server
