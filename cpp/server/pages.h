// The pages that are built into the host: the description of its API, for machines and for people.
#pragma once

#include <string_view>
#include <vector>

#include "http/server.h"

namespace pais::server {

std::string_view openapi_json();
std::string_view docs_html();

std::vector<http::Route> page_routes();

}  // namespace pais::server
