// Compression of exports.
#pragma once

#include <string>
#include <string_view>

namespace pais::telemetry {

// In the format of gzip.
std::string gzipped(std::string_view bytes);

}  // namespace pais::telemetry
