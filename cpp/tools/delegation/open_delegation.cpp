#include "tools/delegation/open_delegation.h"

#include <algorithm>
#include <mutex>
#include <utility>

#include "nlohmann/json.hpp"

#include "base/joined.h"
#include "base/json.h"
#include "base/log.h"
#include "base/utf8.h"
#include "tools/delegation/tool_names.h"
#include "tools/usable_name.h"

namespace pais::tools::delegation {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::string_view kParameters =
    R"({"type":"object","properties":{"task":{"type":"string",)"
    R"("description":"What the other agent is to do, in full sentences."}},"required":["task"]})";
constexpr std::string_view kLogger = "pais.delegation";
constexpr std::size_t kMostSessionIdBytes = 256;           // that an agent takes
constexpr milliseconds kLongest = std::chrono::hours(24);  // where the settings want no limit

std::string in_brackets(const std::string& reason) {
  return "[Delegation failed: " + reason + "]";
}

std::string description_of(const Peer& peer) {
  const auto card = peer.card();
  if (card == nullptr) return "Delegate a task to the " + peer.name() + " agent.";
  return "Delegate a task to the " + card->name + " agent: " + card->description;
}

Result<std::string> task_of(const std::string& arguments) {
  const auto read = parse_json(arguments);
  if (!read) return read.error();
  const auto task = read->is_object() ? read->find("task") : read->end();
  if (task == read->end() || !task->is_string()) return Error{.code = Code::malformed, .cause = "no task"};
  return task->get<std::string>();
}

// Baggage always says whose conversation it is.
std::string with_session(std::string baggage, const std::string& session_id) {
  constexpr std::string_view kKey = "session.id=";
  const auto at = baggage.find(kKey);
  const bool known = at != std::string::npos && (at == 0 || baggage[at - 1] == ',' || baggage[at - 1] == ' ');
  if (known || session_id.empty()) return baggage;
  return (baggage.empty() ? "" : baggage + ",") + std::string(kKey) + percent_encoded(session_id);
}

std::vector<std::string> names_of(const std::vector<PeerAddress>& peers) {
  std::vector<std::string> names;
  for (const PeerAddress& peer : peers) names.push_back(peer.name);
  return names;
}

// Of the conversation that an agent keeps for one of ours: the same one in every turn, also when its id is cut.
std::string session_below(const std::string& session_id, const std::string& agent) {
  std::string id = session_id + "." + agent;
  if (id.size() <= kMostSessionIdBytes) return id;
  const std::string tail = "." + stable_hash(id, 16);
  return std::string(text_up_to(id, kMostSessionIdBytes - tail.size())) + tail;
}

class Delegation final : public DelegationToolset {
 public:
  explicit Delegation(DelegationOptions options)
      : options_(std::move(options)),
        tool_names_(tool_names(names_of(options_.peers))),
        rule_(options_.allowed_hosts),
        client_(std::make_shared<const http::Client>(http::Client::Options{
            .admits = [this](const http::SocketAddress& address) { return rule_.admits(address); },
            .follower = options_.follower})) {
    const std::scoped_lock lock(mutex_);  // cards that come meanwhile wait
    for (const PeerAddress& address : options_.peers) {
      peers_.push_back(std::make_unique<Peer>(address, client_, rule_, options_.refresh, [this] { list_anew(); }));
    }
    list_ = list();
  }

  ~Delegation() override { close(); }

  ToolList tools() const override {
    const std::scoped_lock lock(mutex_);
    return list_;
  }

  Result<ToolResult> call(const events::ToolCall& call, const CallContext& context, std::stop_token stop) override;

  std::vector<PeerStatus> peers() const override {
    std::vector<PeerStatus> all;
    for (const auto& peer : peers_) all.push_back({.name = peer->name(), .state = peer->state()});
    return all;
  }

  void close() override {
    for (const auto& peer : peers_) peer->call_off();
    for (const auto& peer : peers_) peer->close();
  }

 private:
  ToolList list() const {
    auto tools = std::make_shared<std::vector<Tool>>();
    for (std::size_t i = 0; i < peers_.size(); ++i) {
      tools->push_back({.name = tool_names_[i],
                        .description = description_of(*peers_[i]),
                        .parameters = std::string(kParameters),
                        .skill_description = "Delegate task to " + peers_[i]->name()});
    }
    return tools;
  }

  void list_anew() {
    const std::scoped_lock lock(mutex_);
    list_ = list();
  }

  Peer* find(std::string_view tool) const {
    const auto found = std::ranges::find(tool_names_, tool);
    return found == tool_names_.end() ? nullptr : peers_[static_cast<std::size_t>(found - tool_names_.begin())].get();
  }

  Outcome delegate(Peer& peer, const std::string& text, const events::ToolCall& call, const CallContext& context,
                   const std::stop_token& stop) const;
  bool leads_back_to(const Peer& peer, const Lineage& lineage) const;
  std::vector<events::Utterance> conversation(const CallContext& context) const;
  Handover handover(const CallContext& context, milliseconds time) const;

  const DelegationOptions options_;
  const std::vector<std::string> tool_names_;  // of the peers, in their order
  const AddressRule rule_;
  const std::shared_ptr<const http::Client> client_;
  mutable std::mutex mutex_;
  std::vector<std::unique_ptr<Peer>> peers_;  // complete before anybody else sees them
  ToolList list_;                             // guarded by mutex_
};

Result<ToolResult> Delegation::call(const events::ToolCall& call, const CallContext& context, std::stop_token stop) {
  Peer* peer = find(call.tool);
  const auto task = task_of(call.arguments);
  if (peer == nullptr) return ToolResult{.content = "There is no agent for '" + call.tool + "'.", .is_error = true};
  if (!task) {
    return ToolResult{.content = "The arguments of '" + call.tool + "' need a 'task' that is text.",
                      .is_error = true,
                      .counts_as_retry = true};
  }

  context.run.emit(events::DelegationStarted{.call_id = call.id, .agent = peer->name(), .task = *task});
  const Outcome outcome = delegate(*peer, *task, call, context, stop);
  ToolResult result{.content = outcome.failure ? in_brackets(*outcome.failure) : outcome.text,
                    .is_error = outcome.failure.has_value(),
                    .spent = outcome.usage};
  context.run.emit(events::DelegationEnded{.call_id = call.id,
                                           .agent = peer->name(),
                                           .result = result.content,
                                           .usage = outcome.usage,
                                           .is_error = result.is_error});
  return result;
}

Outcome Delegation::delegate(Peer& peer, const std::string& text, const events::ToolCall& call,
                             const CallContext& context, const std::stop_token& stop) const {
  if (context.lineage.depth >= options_.max_depth || leads_back_to(peer, context.lineage)) {
    log::warning(kLogger, "Delegation failed: too many hops: Agent " + peer.name() + " would be asked after " +
                              std::to_string(context.lineage.depth) + " of " + std::to_string(options_.max_depth) +
                              ", by way of: " + joined(context.lineage.path, ", "));
    return {.failure = "too many hops"};
  }
  const std::string& session_id = context.run.identity().session_id;
  const milliseconds limit = options_.timeout.count() > 0 ? options_.timeout : kLongest;
  Task task{.text = text, .context = conversation(context), .time = limit, .stream = context.stream};
  if (context.deadline) {
    const auto left = std::chrono::ceil<milliseconds>(*context.deadline - steady_clock::now());
    if (left < limit) {
      task.time = std::max(left, milliseconds(1));
      task.time_is_the_agents = false;
    }
  }
  if (context.propagation) task.trace = context.propagation->headers(call.id);
  task.trace.baggage = with_session(std::move(task.trace.baggage), session_id);
  if (options_.same_session) task.session_id = session_below(session_id, peer.name());
  task.handover = handover(context, task.time);

  const auto on_progress = [&](events::DelegationProgressed progress) {
    progress.call_id = call.id;
    progress.agent = progress.agent.empty() ? peer.name() : peer.name() + "/" + progress.agent;
    context.run.emit(std::move(progress));
  };
  return peer.ask(task, on_progress, stop);
}

// An agent is known by the name we were told, and by the one its card gives. We are on the path of what we delegate,
// too: an agent may not ask itself.
bool Delegation::leads_back_to(const Peer& peer, const Lineage& lineage) const {
  const auto on_the_path = [&](const std::string& agent) {
    return agent == options_.agent || std::ranges::count(lineage.path, agent) != 0;
  };
  const auto card = peer.card();
  return on_the_path(peer.name()) || (card != nullptr && on_the_path(card->name));
}

// The last messages, this turn's prompt among them; never an answer without its question.
std::vector<events::Utterance> Delegation::conversation(const CallContext& context) const {
  if (!options_.with_context) return {};
  const auto& history = context.history;
  const std::size_t most = options_.context_limit == 0 ? history.size() : options_.context_limit;
  auto begin = history.end() - static_cast<std::ptrdiff_t>(std::min(history.size(), most));
  while (begin != history.end() && begin != history.begin() && begin->speaker == events::Speaker::assistant) ++begin;
  std::vector<events::Utterance> said(begin, history.end());
  said.push_back({.speaker = events::Speaker::user, .text = context.prompt});
  return said;
}

Handover Delegation::handover(const CallContext& context, milliseconds time) const {
  Handover handover{.lineage = context.lineage, .time = time, .allowance = context.left};
  ++handover.lineage.depth;
  handover.lineage.path.push_back(options_.agent);
  return handover;
}

}  // namespace

std::shared_ptr<DelegationToolset> open_delegation(DelegationOptions options) {
  if (options.peers.empty()) return nullptr;
  return std::make_shared<Delegation>(std::move(options));
}

}  // namespace pais::tools::delegation
