#include "server/chat_service.h"

#include <utility>

#include "base/ids.h"
#include "server/chat_request.h"
#include "server/chat_turn.h"

namespace pais::server {

ChatService::ChatService(ChatOptions options, std::shared_ptr<agent::Agent> agent,
                         std::shared_ptr<memory::Memory> memory)
    : options_(std::move(options)), agent_(std::move(agent)), memory_(std::move(memory)) {}

void ChatService::chat(std::shared_ptr<http::Exchange> exchange) {
  auto request = read_chat_request(exchange->request().body);
  if (!request) {
    exchange->reply(request.error());
    return;
  }

  // The header wins over the body; an empty one names nothing.
  std::string session_id = std::move(request->session_id);
  if (const auto header = exchange->request().header("X-Session-ID"); !header.empty()) {
    auto named = read_session_id(header);
    if (!named) {
      exchange->reply(named.error());
      return;
    }
    session_id = *std::move(named);
  }
  if (options_.readiness->state() == Readiness::State::no_model) {
    exchange->reply(Error{.code = Code::not_configured, .cause = "MODEL_API_URL and MODEL_NAME are not set"});
    return;
  }
  const bool named = !session_id.empty();
  if (!named) session_id = new_session_id();
  std::make_shared<ChatTurn>(shared_from_this(), std::move(exchange), *std::move(request), std::move(session_id), named)
      ->begin();
}

}  // namespace pais::server
