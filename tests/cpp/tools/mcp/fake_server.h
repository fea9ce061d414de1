// An MCP server over a real socket, well-behaved unless a test says otherwise.
//
//   FakeServer server;                                  // handshake era, with a session, and a tool `add`
//   server.on("tools/call", [](const Asked& asked) { return asked.result(R"({"content":[]})"); });
//
// GET and DELETE are methods like any other. Answers of the client's to questions of ours come as method "answer".
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "nlohmann/json.hpp"

#include "base/json.h"
#include "support/fake_model.h"
#include "support/raw_server.h"
#include "support/signal.h"

namespace pais::test {

struct Asked {
  explicit Asked(const std::string& text) : http(text) {
    if (auto read = parse_json(http.body)) message = *std::move(read);
    const std::string verb = http.line.substr(0, http.line.find(' '));
    method = verb != "POST" ? verb : message.value("method", "answer");
  }

  nlohmann::json params() const { return message.value("params", nlohmann::json::object()); }
  std::string id() const { return message.value("id", nlohmann::json()).dump(); }

  std::string result_text(const std::string& result) const {
    return R"({"jsonrpc":"2.0","id":)" + id() + R"(,"result":)" + result + "}";
  }
  Reply result(const std::string& result, const std::vector<std::string>& headers = {}) const {
    return Reply::body(200, result_text(result), "application/json", headers);
  }
  Reply refusal(int status, int code, const std::string& why, const std::string& data = "null") const {
    return Reply::body(status, R"({"jsonrpc":"2.0","id":)" + id() + R"(,"error":{"code":)" + std::to_string(code) +
                                   R"(,"message":")" + why + R"(","data":)" + data + "}}");
  }

  AskedRequest http;
  nlohmann::json message = nlohmann::json::object();
  std::string method;
};

inline Reply accepted() {
  return Reply::body(202, "");
}

inline std::string text_result(const std::string& text) {
  return R"({"content":[{"type":"text","text":")" + text + R"("}]})";
}

inline std::string tool_list(const std::vector<std::string>& names, const std::string& cursor = "") {
  nlohmann::json list = {{"tools", nlohmann::json::array()}};
  for (const std::string& name : names) {
    list["tools"].push_back({{"name", name}, {"description", "Does " + name}, {"inputSchema", {{"type", "object"}}}});
  }
  if (!cursor.empty()) list["nextCursor"] = cursor;
  return list.dump();
}

class FakeServer {
 public:
  using Handler = std::function<Reply(const Asked&)>;

  FakeServer() {
    on("server/discover", [](const Asked& asked) { return asked.refusal(400, -32601, "Method not found"); });
    on("initialize", [this](const Asked& asked) { return initialized(asked); });
    on("notifications/initialized", [](const Asked&) { return accepted(); });
    on("notifications/cancelled", [](const Asked&) { return accepted(); });
    on("answer", [](const Asked&) { return accepted(); });
    on("tools/list", [](const Asked& asked) { return asked.result(tool_list({"add"})); });
    on("tools/call", [](const Asked& asked) { return asked.result(text_result("done")); });
    on("GET", [](const Asked&) { return Reply::body(405, ""); });
    on("DELETE", [](const Asked&) { return Reply::body(200, ""); });
  }

  std::string url() const { return server_.url("/mcp"); }
  int connections() const { return server_.connections(); }

  void on(const std::string& method, Handler handler) {
    const std::scoped_lock lock(mutex_);
    handlers_[method] = std::move(handler);
  }

  // From now on this is what it speaks and declares.
  void speak(const std::string& version, bool tells_of_changes = false, const std::string& session = "s-1") {
    const std::scoped_lock lock(mutex_);
    version_ = version;
    tells_of_changes_ = tells_of_changes;
    session_ = session;
  }

  void be_stateless(bool tells_of_changes = false) {
    const std::string capabilities = tells_of_changes ? R"({"tools":{"listChanged":true}})" : R"({"tools":{}})";
    on("server/discover", [capabilities](const Asked& asked) {
      return asked.result(R"({"supportedVersions":["2026-07-28"],"capabilities":)" + capabilities + "}");
    });
  }

  std::vector<Asked> asked(const std::string& method) const {
    const std::scoped_lock lock(mutex_);
    std::vector<Asked> found;
    for (const Asked& each : asked_) {
      if (each.method == method) found.push_back(each);
    }
    return found;
  }

  bool wait_for(const std::string& method, std::size_t count = 1) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kPatience, [&] {
      std::size_t found = 0;
      for (const Asked& each : asked_) found += each.method == method ? 1 : 0;
      return found >= count;
    });
  }

 private:
  Reply initialized(const Asked& asked) {
    const std::scoped_lock lock(mutex_);
    const std::string tools = tells_of_changes_ ? R"({"listChanged":true})" : "{}";
    const std::vector<std::string> headers =
        session_.empty() ? std::vector<std::string>() : std::vector<std::string>{"Mcp-Session-Id: " + session_};
    return asked.result(R"({"protocolVersion":")" + version_ + R"(","capabilities":{"tools":)" + tools +
                            R"(},"serverInfo":{"name":"fake","version":"1"}})",
                        headers);
  }

  void serve(RawPeer& peer) {
    for (std::string text = peer.read_request(); !text.empty(); text = peer.read_request()) {
      const Asked asked(text);
      Handler handler;
      {
        const std::scoped_lock lock(mutex_);
        asked_.push_back(asked);
        handler = handlers_[asked.method];
        changed_.notify_all();
      }
      const Reply reply = handler ? handler(asked) : asked.refusal(404, -32601, "Method not found");
      if (!reply.play(peer)) return;
    }
  }

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, Handler> handlers_;
  std::vector<Asked> asked_;
  std::string version_ = "2025-11-25";
  std::string session_ = "s-1";
  bool tells_of_changes_ = false;
  RawServer server_{[this](RawPeer& peer) { serve(peer); }};  // the last, so that it ends first
};

}  // namespace pais::test
