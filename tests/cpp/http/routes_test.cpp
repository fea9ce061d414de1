#include "http/routes.h"

#include "gmock/gmock.h"

namespace pais::http {
namespace {

RouteTable table() {
  std::vector<Route> routes;
  routes.push_back({.method = "GET", .pattern = "/health", .handler = {}});
  routes.push_back({.method = "POST", .pattern = "/v1/chat", .handler = {}});
  routes.push_back({.method = "GET", .pattern = "/v1/models/{id}", .handler = {}});
  routes.push_back({.method = "GET", .pattern = "/both", .handler = {}});
  routes.push_back({.method = "POST", .pattern = "/both", .handler = {}});
  return RouteTable(std::move(routes));
}

std::string found(const RouteTable& routes, std::string_view method, std::string_view path) {
  const auto match = routes.find(method, path);
  return match.route != nullptr ? match.route->method + " " + match.route->pattern : "";
}

TEST(RouteTable, FindsTheRouteOfMethodAndPath) {
  const RouteTable routes = table();

  EXPECT_EQ(found(routes, "GET", "/health"), "GET /health");
  EXPECT_EQ(found(routes, "POST", "/both"), "POST /both");
  EXPECT_EQ(found(routes, "GET", "/nothing"), "");
}

TEST(RouteTable, AnswersHeadByTheRouteOfGet) {
  const RouteTable routes = table();

  EXPECT_EQ(found(routes, "HEAD", "/health"), "GET /health");
  EXPECT_EQ(found(routes, "HEAD", "/v1/chat"), "");
}

TEST(RouteTable, DoesNotTidyPaths) {
  const RouteTable routes = table();

  for (const char* path :
       {"//health", "/health/", "/./health", "/%68ealth", "/HEALTH", "/v1//chat", "/v1%2Fchat", ""}) {
    const auto match = routes.find("GET", path);
    EXPECT_EQ(match.route, nullptr) << path;
    EXPECT_EQ(match.allowed, "") << path;
  }
}

TEST(RouteTable, GivesWhatStandsInTheOpenSegmentAsItWasSent) {
  const RouteTable routes = table();

  EXPECT_EQ(routes.find("GET", "/v1/models/a%2Fb").path_parameter, "a%2Fb");
  EXPECT_EQ(routes.find("GET", "/v1/models/").route, nullptr);
  EXPECT_EQ(routes.find("GET", "/v1/models/a/b").route, nullptr);
  EXPECT_EQ(routes.find("GET", "/v1/models").route, nullptr);
}

TEST(RouteTable, NamesTheMethodsOfAPath) {
  const RouteTable routes = table();

  EXPECT_EQ(routes.find("DELETE", "/health").allowed, "GET, HEAD, OPTIONS");
  EXPECT_EQ(routes.find("HEAD", "/v1/chat").allowed, "POST, OPTIONS");
  EXPECT_EQ(routes.find("PUT", "/both").allowed, "GET, HEAD, POST, OPTIONS");
}

}  // namespace
}  // namespace pais::http
