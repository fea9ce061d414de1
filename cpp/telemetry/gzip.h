// Compression of exports.
#pragma once

#include <span>
#include <string>

#include "telemetry/bytes.h"

namespace pais::telemetry {

// Of pieces that follow each other, in the format of gzip.
std::string gzipped(std::span<const Bytes> pieces);

}  // namespace pais::telemetry
