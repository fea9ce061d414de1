#include "server/memory_routes.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>
#include <utility>

#include "nlohmann/json.hpp"

#include "base/json_text.h"
#include "base/percent.h"
#include "memory/event.h"
#include "memory/event_page.h"
#include "server/this_machine.h"

namespace pais::server {
namespace {

using ExchangePtr = std::shared_ptr<http::Exchange>;

constexpr std::size_t kDefaultLimit = 100;
constexpr std::size_t kMostAtOnce = 1000;

std::string json_string(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

std::string_view value_of(const http::Request& request, std::string_view name) {
  for (const auto& [key, value] : request.query) {
    if (key == name) return value;
  }
  return {};
}

// Cut to 1000; nothing where none is named. Anything but a whole number from 1 on is refused.
Result<std::optional<std::size_t>> read_limit(const http::Request& request) {
  std::optional<std::size_t> limit;
  for (const auto& [name, value] : request.query) {
    if (name != "limit") continue;
    std::size_t number = 0;
    const auto [end, failure] = std::from_chars(value.data(), value.data() + value.size(), number);
    const bool huge = failure == std::errc::result_out_of_range;
    if (!huge && (failure != std::errc() || end != value.data() + value.size() || number < 1)) {
      return Error{.code = Code::invalid_query, .cause = value, .param = "limit"};
    }
    limit = huge ? kMostAtOnce : std::min(number, kMostAtOnce);
  }
  return limit;
}

// `{"agent":…,"<name>":[…],"total":…}`, and where the next page begins if there is one.
class Listing {
 public:
  Listing(const std::string& agent, const std::string& name)
      : body_("{\"agent\":" + json_string(agent) + ",\"" + name + "\":[") {}

  void add(const std::string& item) {
    if (total_++ > 0) body_ += ',';
    body_ += item;
  }

  http::Response end(const std::string& next) && {
    body_ += "],\"total\":" + std::to_string(total_);
    if (!next.empty()) body_ += ",\"next\":" + json_string(next);
    return {.body = std::move(body_) + "}"};
  }

 private:
  std::string body_;
  std::size_t total_ = 0;
};

Result<http::Response> list_events(const http::Request& request, const std::string& agent, memory::Memory& memory) {
  const auto limit = read_limit(request);
  if (!limit) return limit.error();
  memory::EventQuery query{.limit = limit->value_or(kDefaultLimit), .after = std::string(value_of(request, "after"))};
  for (const auto& [name, value] : request.query) {
    if (name == "event_type") query.types.push_back(value);
  }
  const std::string_view session = value_of(request, "session_id");
  const std::string cursor(value_of(request, "cursor"));
  if (!cursor.empty() && !query.after.empty()) {
    return Error{.code = Code::invalid_query, .cause = "both cursor and after", .param = "cursor"};
  }

  memory::EventPage page;
  if (query.after.empty()) {
    auto found = memory::event_page(memory, session, query, cursor);
    if (!found) return found.error();
    page = *std::move(found);
  } else {
    auto found = session.empty() ? memory.all_events(query) : memory.events(session, query);
    if (!found) return found.error();
    page.events = *std::move(found);
  }

  Listing listing(agent, "events");
  for (const memory::MemoryEvent& event : page.events) listing.add(memory::event_json(event));
  return std::move(listing).end(page.next);
}

Result<http::Response> list_sessions(const http::Request& request, const std::string& agent, memory::Memory& memory) {
  const auto limit = read_limit(request);
  if (!limit) return limit.error();
  const auto page = memory.sessions({.limit = limit->value_or(0), .after = std::string(value_of(request, "cursor"))});
  if (!page) return page.error();
  Listing listing(agent, "sessions");
  for (const std::string& id : page->ids) listing.add(json_string(id));
  return std::move(listing).end(page->next);
}

Result<std::string> session_named(const http::Request& request) {
  auto id = percent_decoded(request.path_parameter);
  if (!id) return Error{.code = Code::invalid_session_id, .cause = request.path_parameter, .param = "id"};
  return *std::move(id);
}

Error unknown_session() {
  return {.code = Code::not_found, .cause = "no session of that name"};
}

Result<http::Response> export_session(const http::Request& request, const std::string&, memory::Memory& memory) {
  const auto id = session_named(request);
  if (!id) return id.error();
  const auto session = memory.session(*id);
  if (!session) return session.error();
  if (!*session) return unknown_session();
  const auto events = memory.events(*id, {});
  if (!events) return events.error();
  std::string lines;
  for (const memory::MemoryEvent& event : *events) lines.append(memory::event_json(event)).append("\n");
  return http::Response{.body = std::move(lines), .content_type = "application/jsonl"};
}

Result<http::Response> delete_session(const http::Request& request, const std::string&, memory::Memory& memory) {
  const auto id = session_named(request);
  if (!id) return id.error();
  const auto was_there = memory.delete_session(*id);
  if (!was_there) return was_there.error();
  if (!*was_there) return unknown_session();
  return http::Response{.body = "{\"id\":" + json_string(*id) + ",\"object\":\"session.deleted\",\"deleted\":true}"};
}

std::optional<Error> refusal(const http::Request& request, MemoryAccess access) {
  if (from_this_machine(request)) return std::nullopt;
  if (access.reach == Reach::loopback) return Error{.code = Code::not_found, .cause = "only from this machine"};
  if (request.method == "DELETE" && !access.needs_key) {
    return Error{.code = Code::unauthorized, .cause = "without API keys only this machine may delete"};
  }
  return std::nullopt;
}

}  // namespace

std::vector<http::Route> memory_routes(const std::string& agent_name, const std::shared_ptr<memory::Memory>& memory,
                                       MemoryAccess access) {
  if (access.reach == Reach::off) return {};
  const auto route = [&](const char* method, const char* pattern, auto answer) {
    return http::Route{
        .method = method, .pattern = pattern, .lane = http::Lane::work, .handler = [=](const ExchangePtr& exchange) {
          if (const auto refused = refusal(exchange->request(), access)) {
            exchange->reply(*refused);
          } else if (auto response = answer(exchange->request(), agent_name, *memory)) {
            exchange->reply(*std::move(response));
          } else {
            exchange->reply(response.error());
          }
        }};
  };
  return {route("GET", "/memory/events", list_events), route("GET", "/memory/sessions", list_sessions),
          route("GET", "/memory/sessions/{id}", export_session),
          route("DELETE", "/memory/sessions/{id}", delete_session)};
}

}  // namespace pais::server
