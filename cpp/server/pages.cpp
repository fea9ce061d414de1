#include "server/pages.h"

#include <memory>
#include <string>

namespace pais::server {
namespace {

http::Route page(std::string pattern, std::string_view body, const std::string& content_type, http::Access access) {
  return {
      .method = "GET",
      .pattern = std::move(pattern),
      .lane = http::Lane::at_once,
      .handler =
          [body, content_type](const std::shared_ptr<http::Exchange>& exchange) {
            exchange->reply(http::Response{
                .headers = {{"Cache-Control", "no-cache"}}, .body = std::string(body), .content_type = content_type});
          },
      .access = access};
}

}  // namespace

std::vector<http::Route> page_routes() {
  return {page("/openapi.json", openapi_json(), "application/json", http::Access::key),
          page("/docs", docs_html(), "text/html; charset=utf-8", http::Access::open)};
}

}  // namespace pais::server
