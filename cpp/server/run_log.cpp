#include "server/run_log.h"

#include <string>
#include <variant>

#include "base/log.h"

namespace pais::server {

void RunLog::on(const events::RunEvent& event) {
  const auto* turn = std::get_if<events::TurnEnded>(&event.what);
  if (turn == nullptr || !turn->error) return;
  const log::Scope scope({.session_id = identity_.session_id, .run_id = identity_.run_id});
  const bool left = turn->error->code == Code::cancelled;
  log::write(left ? log::Level::info : log::Level::error, "pais.server",
             (left ? "turn cancelled: " : "turn failed: ") + turn->error->describe() + " run=" + identity_.run_id +
                 " session=" + identity_.session_id);
}

}  // namespace pais::server
