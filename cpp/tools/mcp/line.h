// A Line leads to one server: it carries a question there and brings back the answer, whether that comes as JSON or as
// a stream of events. What else arrives on the way (notifications, and questions of the server's own) is handed over as
// it comes.
//
// From any thread, for any number of questions at once. Nothing here throws. It knows nothing of when a session begins
// or ends, and never asks twice; only an answer whose stream broke off is looked for again, where the server has said
// how (handshake era).
#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "nlohmann/json_fwd.hpp"

#include "base/result.h"
#include "http/client.h"
#include "tools/mcp/message.h"
#include "tools/mcp/open_mcp.h"
#include "tools/mcp/reception.h"
#include "tools/mcp/session.h"

namespace pais::tools::mcp {

using Moment = std::chrono::steady_clock::time_point;

// How long somebody waits.
struct Patience {
  Moment end = Moment::max();
  std::stop_token stop = {};
};

struct Question {
  std::string id;  // as JSON text
  std::string_view method;
  nlohmann::json& params;      // are made complete by whoever asks
  std::string name = {};       // of the tool that is called
  http::Headers headers = {};  // beside those of the session and of the server
};

// One of three: a result, a refusal, or a problem.
struct Reply {
  std::shared_ptr<const nlohmann::json> result = {};
  std::optional<Refusal> refusal = {};
  std::optional<Error> problem = {};
  int status = 0;  // of the HTTP answer; 0: there was none
  std::string session_id = {};

  // The server has surely not begun with it.
  bool surely_not_received() const { return problem && problem->code == Code::unreachable; }
  // The server does not know the session, so it has not begun with it either.
  bool has_lost_session(const Session& session) const;
};

class Line {
 public:
  Line(ServerAddress address, std::size_t answer_bytes, std::chrono::milliseconds connect,
       std::shared_ptr<const http::Client> client);

  const std::string& name() const { return address_.name; }

  Reply ask(const Session& session, Question question, const Hear& hear, const Patience& patience);

  // Sends what asks for no answer: a notification, or an answer of ours. The HTTP status.
  Result<int> tell(const Session& session, std::string_view method, std::string message, const Patience& patience);

  // Hears the server's own stream until it ends, with the HTTP status it had; an Error when there was none.
  Result<int> listen(const Session& session, const Hear& hear, const Patience& patience);

  // The session is over. What the server says to that does not matter.
  void hang_up(const Session& session, std::chrono::milliseconds within);

 private:
  Result<http::ClientResponse> send(http::ClientRequest request, Reception* reception, const std::stop_token& stop);
  http::ClientRequest request(std::string_view method, http::Headers headers, const Patience& patience) const;
  bool follow(const http::ClientResponse& response);
  void resume(const Session& session, Reception& reception, const Patience& patience);
  Error told(Error problem) const;
  Refusal told(Refusal refusal) const;
  void mask_secrets(std::string& text) const;
  std::string url() const;

  const ServerAddress address_;
  const std::size_t answer_bytes_;
  const std::chrono::milliseconds connect_;
  const std::shared_ptr<const http::Client> client_;
  mutable std::mutex mutex_;
  std::string url_;  // where the server has sent us; guarded by mutex_
};

}  // namespace pais::tools::mcp
