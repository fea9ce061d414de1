#include "server/memory_routes.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>
#include <utility>

#include "nlohmann/json.hpp"

#include "memory/event.h"
#include "model/json_text.h"

namespace pais::server {
namespace {

using ExchangePtr = std::shared_ptr<http::Exchange>;

constexpr std::size_t kDefaultLimit = 100;
constexpr std::size_t kMostEvents = 1000;

std::string json_string(std::string_view text) {
  std::string out;
  model::append_json_string(out, text);
  return out;
}

bool from_this_machine(const http::Request& request) {
  return request.peer.starts_with("127.") || request.peer.starts_with("[::1]");
}

// `limit` keeps the newest, and is cut to 1000; anything but a whole number from 1 on is refused.
Result<std::size_t> read_limit(const http::Request& request) {
  std::size_t limit = kDefaultLimit;
  for (const auto& [name, value] : request.query) {
    if (name != "limit") continue;
    const auto [end, failure] = std::from_chars(value.data(), value.data() + value.size(), limit);
    const bool huge = failure == std::errc::result_out_of_range;
    if (!huge && (failure != std::errc() || end != value.data() + value.size() || limit < 1)) {
      return Error{.code = Code::invalid_query, .cause = value, .param = "limit"};
    }
    if (huge) limit = kMostEvents;
  }
  return std::min(limit, kMostEvents);
}

std::string_view value_of(const http::Request& request, std::string_view name) {
  for (const auto& [key, value] : request.query) {
    if (key == name) return value;
  }
  return {};
}

void list_events(const ExchangePtr& exchange, const std::string& agent, memory::Memory& memory) {
  const http::Request& request = exchange->request();
  const auto limit = read_limit(request);
  if (!limit) {
    exchange->reply(limit.error());
    return;
  }
  memory::EventQuery query{.limit = *limit, .after = std::string(value_of(request, "after"))};
  for (const auto& [name, value] : request.query) {
    if (name == "event_type") query.types.push_back(value);
  }
  const std::string_view session = value_of(request, "session_id");
  const auto events = session.empty() ? memory.all_events(query) : memory.events(session, query);
  if (!events) {
    exchange->reply(events.error());
    return;
  }

  std::string body = "{\"agent\":" + json_string(agent) + ",\"events\":[";
  for (const memory::MemoryEvent& event : *events) {
    if (body.back() != '[') body += ',';
    body += memory::event_json(event);
  }
  exchange->reply(http::Response{.body = body + "],\"total\":" + std::to_string(events->size()) + "}"});
}

void list_sessions(const ExchangePtr& exchange, const std::string& agent, memory::Memory& memory) {
  const auto page = memory.sessions({});
  if (!page) {
    exchange->reply(page.error());
    return;
  }
  std::string body = "{\"agent\":" + json_string(agent) + ",\"sessions\":[";
  for (const std::string& id : page->ids) body.append(body.back() == '[' ? "" : ",").append(json_string(id));
  exchange->reply(http::Response{.body = body + "],\"total\":" + std::to_string(page->ids.size()) + "}"});
}

}  // namespace

std::vector<http::Route> memory_routes(const std::string& agent_name, std::shared_ptr<memory::Memory> memory,
                                       Reach reach) {
  if (reach == Reach::off) return {};
  const auto route = [&](const char* pattern, auto answer) {
    return http::Route{
        .method = "GET", .pattern = pattern, .lane = http::Lane::work, .handler = [=](const ExchangePtr& exchange) {
          if (reach == Reach::loopback && !from_this_machine(exchange->request())) {
            exchange->reply(Error{.code = Code::not_found, .cause = "only from this machine"});
          } else {
            answer(exchange, agent_name, *memory);
          }
        }};
  };
  return {route("/memory/events", list_events), route("/memory/sessions", list_sessions)};
}

}  // namespace pais::server
