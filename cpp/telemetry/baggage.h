// W3C Baggage: what a request tells those behind it about where it comes from.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "http/message.h"

namespace pais::telemetry {

// Of all `baggage` headers of a request: one list, its members as they came. What is over 8 KiB or 64 members is left
// out, and so is what is no member.
std::string read_baggage(const http::Headers& headers);

// `ours` before what came in; a member that came in under a name of ours is replaced. At most 8 KiB. Values are
// percent-encoded here, and those that are empty left out.
std::string write_baggage(std::span<const std::pair<std::string_view, std::string_view>> ours,
                          std::string_view came_in);

}  // namespace pais::telemetry
