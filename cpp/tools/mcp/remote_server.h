// One MCP server: its session, its list of tools, and the calls that are made of them.
//
// All runs share the session. Whoever finds it lost has it opened again, once for all who wait. Of the list the last
// one heard is kept, also while the server is away.
//
// From any thread; `look_after` from one at a time. Held by a shared_ptr: what it has borrowed threads for keeps it
// alive.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

#include "base/result.h"
#include "events/values.h"
#include "tools/mcp/caretaker.h"
#include "tools/mcp/counts.h"
#include "tools/mcp/line.h"
#include "tools/mcp/open_mcp.h"
#include "tools/mcp/outbox.h"
#include "tools/mcp/remote_tool.h"
#include "tools/mcp/session.h"
#include "tools/toolset.h"

namespace pais::tools::mcp {

class RemoteServer : public std::enable_shared_from_this<RemoteServer> {
 public:
  RemoteServer(const ServerAddress& address, const McpOptions& options, std::shared_ptr<const http::Client> client,
               std::weak_ptr<Caretaker> caretaker);

  const std::string& name() const { return line_.name(); }
  ServerStatus status() const;
  RemoteTools tools() const;  // null: it was never heard of

  struct Care {
    std::chrono::milliseconds rest;  // how long it may be left alone now
    std::string news = {};           // for the log, once its tools are offered; "": nothing has changed
  };
  // Opens a session where there is none, and has the list told again.
  Care look_after();

  // One call from first to last. An Error is `cancelled` or, when servers are required, `mcp_unavailable`.
  Result<ToolResult> call(const std::shared_ptr<const RemoteTool>& tool, const events::ToolCall& call,
                          const CallContext& context, const std::stop_token& stop);

  // `counts` must live as long as this.
  void count_in(ServerCounts& counts) { counts_ = &counts; }

  // Ends what goes on in the background. Calls fail from here on.
  void close();
  void hang_up(std::chrono::milliseconds within);

 private:
  friend class ToolExchange;

  SessionPtr session() const;
  // Another session than `lost`: the one there is by now, or a new one.
  Result<SessionPtr> renewed(const SessionPtr& lost, const Patience& patience);
  void open();
  void use(const SessionPtr& session);
  Result<RemoteTools> list(const SessionPtr& session, std::optional<std::chrono::milliseconds>& keeps);
  Result<RemoteTools> list_once(const SessionPtr& session, std::optional<std::chrono::milliseconds>& keeps, bool& lost,
                                const Patience& patience);
  Care come_up(RemoteTools tools, std::optional<std::chrono::milliseconds> keeps);
  std::chrono::milliseconds go_down(const Error& problem);
  void listen_in(const SessionPtr& session, const std::stop_token& stop);
  bool listen_once(const SessionPtr& session, const std::stop_token& stop);

  // What to do with what a server says besides its answers.
  Hear hearing(const SessionPtr& session);
  // It is told soon, unless that takes too long.
  void write_to(const SessionPtr& session, std::string_view method, std::string text);
  void carry_letters();
  bool run_errand(std::function<void(RemoteServer&)> errand);
  void hurry();

  const McpOptions options_;
  Line line_;
  const std::weak_ptr<Caretaker> caretaker_;
  std::atomic<ServerCounts*> counts_ = nullptr;
  const std::stop_source closing_;
  Outbox outbox_;

  mutable std::mutex mutex_;
  std::condition_variable_any opened_;
  // Guarded by mutex_:
  SessionPtr session_;
  Session::Era era_ = Session::Era::unknown;  // of the last session, until the server fails
  bool opening_ = false;
  std::uint64_t attempts_ = 0;
  std::optional<Error> problem_;  // of the last attempt or look
  std::stop_source listening_{std::nostopstate};
  ServerStatus::State state_ = ServerStatus::State::connecting;
  RemoteTools tools_;

  std::chrono::milliseconds pause_;  // look_after's own
};

}  // namespace pais::tools::mcp
