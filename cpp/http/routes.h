// Which handler answers which request.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "http/server.h"

namespace pais::http {

class RouteTable {
 public:
  explicit RouteTable(std::vector<Route> routes) : routes_(std::move(routes)) {}

  struct Match {
    const Route* route = nullptr;  // null: no such path, or another method (then `allowed` is not empty)
    std::string_view path_parameter;
    std::string allowed;  // "GET, HEAD, OPTIONS", when the path exists
  };

  // `path` as sent. HEAD finds the GET route.
  Match find(std::string_view method, std::string_view path) const;

 private:
  std::vector<Route> routes_;
};

}  // namespace pais::http
