// What requests and answers of both directions are made of.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pais::http {

using Headers = std::vector<std::pair<std::string, std::string>>;

// The value of the first header of that name, or "". Names are compared without case.
std::string_view find_header(const Headers& headers, std::string_view name);

bool equal_ignoring_case(std::string_view a, std::string_view b);

}  // namespace pais::http
