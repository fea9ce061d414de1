#include "tools/mcp/opening.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "nlohmann/json.hpp"

#include "base/ids.h"

namespace pais::tools::mcp {
namespace {

using nlohmann::json;
using std::chrono::steady_clock;

constexpr std::size_t kMaxVersionBytes = 64;

const json& at(const json& object, const char* name) {
  static const json kNothing;
  const auto found = object.is_object() ? object.find(name) : object.end();
  return object.is_object() && found != object.end() ? *found : kNothing;
}

std::vector<std::string> texts(const json& list) {
  std::vector<std::string> found;
  if (!list.is_array()) return found;
  for (const json& each : list) {
    if (each.is_string() && found.size() < 100)
      found.push_back(excerpt(each.get_ref<const std::string&>(), kMaxVersionBytes));
  }
  return found;
}

bool holds(const std::vector<std::string>& versions, std::string_view version) {
  return std::find(versions.begin(), versions.end(), version) != versions.end();
}

std::string listed(const std::vector<std::string>& versions) {
  std::string text;
  for (const std::string& each : versions) text += (text.empty() ? "" : ", ") + each;
  return text.empty() ? "none" : text;
}

Error no_common_version(const std::string& theirs) {
  std::string ours(kStatelessVersion);
  for (const std::string_view each : kHandshakeVersions) ours += ", " + std::string(each);
  return {.code = Code::malformed,
          .cause = "no version of the protocol in common: the server speaks " + theirs + ", known here are " + ours};
}

bool tells_of_changes(const json& result) {
  const json& changes = at(at(at(result, "capabilities"), "tools"), "listChanged");
  return changes.is_boolean() && changes.get<bool>();
}

class Opening {
 public:
  Opening(Line& line, std::chrono::milliseconds limit, const std::stop_token& stop)
      : line_(line), limit_(limit), stop_(stop) {}

  // The session, nothing when the server is of the handshake era, or why it is neither.
  Result<SessionPtr> discover() {
    const Session stateless{.era = Session::Era::stateless, .version = std::string(kStatelessVersion)};
    Reply reply = ask(stateless, "server/discover", json::object());
    auto offered = versions_offered_by(reply);
    if (holds(offered, kStatelessVersion)) {  // it did not like our version, and names the very same
      reply = ask(stateless, "server/discover", json::object());
      offered = versions_offered_by(reply);
    }
    if (reply.result && holds(texts(at(*reply.result, "supportedVersions")), kStatelessVersion)) {
      Session session = stateless;
      session.tells_of_changes = tells_of_changes(*reply.result);
      return std::make_shared<const Session>(std::move(session));
    }
    if (reply.problem && is_outage(reply.problem->code)) return *reply.problem;
    const bool none_in_common = std::none_of(offered.begin(), offered.end(), is_handshake_version);
    if (!offered.empty() && none_in_common) return no_common_version(listed(offered));
    return SessionPtr();
  }

  Result<SessionPtr> shake_hands() {
    const Reply reply = ask({}, "initialize", initialization());
    if (!reply.result) return problem_of(reply).during("initialize");
    const json& version = at(*reply.result, "protocolVersion");
    Session session{.era = Session::Era::handshake,
                    .version = version.is_string() ? version.get<std::string>() : "",
                    .id = reply.session_id,
                    .tells_of_changes = tells_of_changes(*reply.result)};
    if (!is_handshake_version(session.version)) {
      const std::string theirs = excerpt(session.version, kMaxVersionBytes);
      session.version = kHandshakeVersions.front();
      line_.hang_up(session, limit_);
      return no_common_version(theirs.empty() ? "none" : theirs);
    }
    constexpr std::string_view kInitialized = "notifications/initialized";
    auto told = line_.tell(session, kInitialized, write_notification(kInitialized, json::object()), patience());
    if (!told) return told.error().during(kInitialized);
    if (*told >= 300) {
      return Error{
          .code = Code::malformed, .cause = "HTTP " + std::to_string(*told), .doing = std::string(kInitialized)};
    }
    return std::make_shared<const Session>(std::move(session));
  }

 private:
  // With its refusal of ours.
  static std::vector<std::string> versions_offered_by(const Reply& reply) {
    const bool told = reply.refusal && reply.refusal->code == Refusal::kUnsupportedVersion && reply.refusal->data;
    return told ? texts(at(*reply.refusal->data, "supported")) : std::vector<std::string>();
  }

  static bool is_outage(Code code) {
    return code == Code::unreachable || code == Code::timed_out || code == Code::cancelled;
  }

  Reply ask(const Session& session, std::string_view method, json params) {
    return line_.ask(
        session, {.id = new_question_id(), .method = method, .params = params}, [](const Message&) {}, patience());
  }

  Patience patience() const { return {.end = steady_clock::now() + limit_, .stop = stop_}; }

  Line& line_;
  const std::chrono::milliseconds limit_;
  const std::stop_token& stop_;
};

}  // namespace

Result<SessionPtr> open_session(Line& line, Session::Era known, std::chrono::milliseconds limit,
                                const std::stop_token& stop) {
  Opening opening(line, limit, stop);
  if (known != Session::Era::handshake) {
    auto session = opening.discover();
    if (!session || *session) return session;
  }
  return opening.shake_hands();
}

std::string new_question_id() {
  return '"' + random_hex(32) + '"';
}

Error problem_of(const Reply& reply) {
  if (reply.problem) return *reply.problem;
  return {.code = Code::malformed, .cause = "refused: " + (reply.refusal ? reply.refusal->describe() : "")};
}

}  // namespace pais::tools::mcp
