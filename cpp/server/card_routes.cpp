#include "server/card_routes.h"

#include <set>
#include <string_view>
#include <utility>

#include "a2a/card.h"
#include "http/response.h"
#include "tools/toolset.h"
#include "tools/usable_name.h"

namespace pais::server {
namespace {

using std::chrono::steady_clock;
using ExchangePtr = std::shared_ptr<http::Exchange>;
using Write = std::string (*)(const a2a::Card&);

// Skills in the order of the contract. Of two tools with one name only the first is offered, so only that is shown.
class Skills {
 public:
  void add(const std::string& name, const std::string& description) {
    if (names_.insert(name).second) all_.push_back({.id = name, .name = name, .description = description});
  }
  std::vector<a2a::Skill> take() { return std::move(all_); }

 private:
  std::set<std::string> names_;
  std::vector<a2a::Skill> all_;
};

std::vector<a2a::Skill> skills_of(const CardSource& source) {
  Skills skills;
  for (const tools::Tool& tool : source.agent->own_tools()) {
    if (!tool.name.starts_with(tools::kDelegationPrefix)) skills.add(tool.name, tool.description);
  }
  if (source.tools == nullptr) return skills.take();
  for (const auto& toolset : source.tools->toolsets()) {
    const tools::ToolList list = toolset->tools();
    if (list == nullptr) continue;
    for (const tools::Tool& tool : *list) {
      skills.add(tool.name, tool.skill_description.empty() ? tool.description : tool.skill_description);
    }
  }
  return skills.take();
}

// Weak: it says that two cards mean the same.
std::string etag_of(std::string_view body) {
  return "W/\"" + tools::stable_hash(body, 16) + '"';
}

class CardDesk {
 public:
  explicit CardDesk(CardSource source) : source_(std::move(source)) {}

  void answer(const ExchangePtr& exchange, Write write) const {
    wait_for_first_lists();
    const http::Headers& asked = exchange->request().headers;
    const a2a::Card card{.name = source_.name,
                         .description = source_.description,
                         .url = public_url(asked, source_.url, source_.port()),
                         .version = source_.version,
                         .skills = skills_of(source_)};
    http::Response response{.body = write(card)};
    const std::string etag = etag_of(response.body);
    response.headers = {
        {"ETag", etag}, {"Last-Modified", began_}, {"Cache-Control", "no-cache"}, {"X-PAIS-Tells", "progress"}};
    if (std::string vary = public_url_headers(source_.url); !vary.empty()) response.headers.emplace_back("Vary", vary);
    if (http::client_has(exchange->request(), etag)) {
      response.status = 304;
      response.body.clear();
    }
    exchange->reply(std::move(response));
  }

 private:
  void wait_for_first_lists() const {
    if (steady_clock::now() >= patient_until_) return;
    source_.readiness->wait_until_started(patient_until_);
    if (source_.tools) source_.tools->wait_for_first_lists(patient_until_);
  }

  const CardSource source_;
  const std::string began_{http::date_now()};
  const steady_clock::time_point patient_until_ = steady_clock::now() + source_.patience;
};

}  // namespace

std::vector<http::Route> card_routes(CardSource source) {
  const auto desk = std::make_shared<const CardDesk>(std::move(source));
  const auto route = [&](const char* path, Write write) {
    return http::Route{.method = "GET",
                       .pattern = path,
                       .lane = http::Lane::work,
                       .handler = [desk, write](const ExchangePtr& exchange) { desk->answer(exchange, write); },
                       .access = http::Access::open};
  };
  return {route("/.well-known/agent.json", &a2a::write_card), route("/.well-known/agent-card.json", &a2a::write_card),
          route("/.well-known/agent-configuration", &a2a::write_configuration)};
}

}  // namespace pais::server
