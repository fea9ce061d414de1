// Takes in the HTTP answer to one question, as it comes.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "http/client.h"
#include "http/sse.h"
#include "tools/mcp/message.h"

namespace pais::tools::mcp {

// Hears notifications and requests of the server, on the thread that waits for the answer. Must be quick.
using Hear = std::function<void(const Message&)>;

// For one thread. Survives several HTTP answers: what one stream began, another may end.
class Reception {
 public:
  static constexpr std::size_t kMaxEventIdBytes = 4096;

  // `id` is the question's, as JSON text; empty when nothing was asked. No event and no body may be over `most` bytes.
  Reception(std::string id, const Hear& hear, std::size_t most) : id_(std::move(id)), hear_(hear), most_(most) {}

  // From here on another HTTP answer comes.
  void begin();
  http::Receiver receiver();

  // The end of the HTTP answer, where it was no stream: what its body says.
  void read_body();

  // The answer: a result or a refusal.
  const std::optional<Message>& answer() const { return answer_; }
  // Why there can be none any more.
  const std::optional<Error>& problem() const { return problem_; }

  int status() const { return status_; }
  bool is_stream() const { return is_stream_; }
  std::string_view body() const { return body_; }

  const std::string& last_event_id() const { return last_event_id_; }
  std::size_t events() const { return events_; }
  std::chrono::milliseconds retry() const { return retry_; }

 private:
  bool take_head(const http::ClientResponse& head);
  bool take_bytes(std::string_view bytes);
  bool take_event(const http::SseEvent& event);
  bool take_messages(std::string_view text);
  void take(Message message);

  const std::string id_;
  const Hear& hear_;
  const std::size_t most_;

  int status_ = 0;
  bool is_stream_ = false;
  http::SseReader reader_;
  std::string body_;

  std::optional<Message> answer_;
  std::optional<Error> problem_;
  std::string last_event_id_;
  std::size_t events_ = 0;
  std::chrono::milliseconds retry_{1'000};
};

}  // namespace pais::tools::mcp
