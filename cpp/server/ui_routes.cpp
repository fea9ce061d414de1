#include "server/ui_routes.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "server/this_machine.h"

namespace pais::server {
namespace {

constexpr std::string_view kPage = "index.html";

// The page loads nothing but its own files, asks nobody but this host, and cannot be put into a page of others.
constexpr std::string_view kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

std::string content_type(std::string_view name) {
  if (name.ends_with(".html")) return "text/html; charset=utf-8";
  if (name.ends_with(".css")) return "text/css; charset=utf-8";
  return "text/javascript; charset=utf-8";
}

http::Response answer(const UiFile& file, const http::Request& request) {
  http::Response response{.headers = {{"Content-Security-Policy", std::string(kPolicy)},
                                      {"X-Content-Type-Options", "nosniff"},
                                      {"Referrer-Policy", "no-referrer"},
                                      {"Cache-Control", "no-cache"},
                                      {"ETag", std::string(file.tag)}},
                          .content_type = content_type(file.name)};
  if (http::client_has(request, file.tag)) {
    response.status = 304;
  } else {
    response.body = file.content;
  }
  return response;
}

// Relative, since only a proxy before us knows below which path it has put us.
http::Response without_slash() {
  return {.status = 308, .headers = {{"Location", "../ui"}}};
}

std::optional<http::Response> find(std::string_view path, const http::Request& request) {
  if (path == "/ui/") return without_slash();
  const std::string_view name = path == "/ui" ? kPage : path.substr(std::string_view("/ui/").size());
  if (name == kPage && path != "/ui") return std::nullopt;
  const auto files = ui_files();
  const auto file = std::ranges::find(files, name, &UiFile::name);
  return file == files.end() ? std::nullopt : std::optional(answer(*file, request));
}

}  // namespace

std::vector<http::Route> ui_routes(Reach reach) {
  if (reach == Reach::off) return {};
  const auto handler = [reach](const std::shared_ptr<http::Exchange>& exchange) {
    const http::Request& request = exchange->request();
    const bool is_for_them = reach == Reach::on || from_this_machine(request);
    if (auto response = is_for_them ? find(request.path, request) : std::nullopt) {
      exchange->reply(*std::move(response));
    } else {
      exchange->reply(Error{.code = Code::not_found, .cause = "no such page, or only from this machine"});
    }
  };
  std::vector<http::Route> routes;
  for (const char* pattern : {"/ui", "/ui/", "/ui/{id}"}) {
    routes.push_back({.method = "GET",
                      .pattern = pattern,
                      .lane = http::Lane::at_once,
                      .handler = handler,
                      .access = http::Access::open,
                      .quiet = true});
  }
  return routes;
}

}  // namespace pais::server
