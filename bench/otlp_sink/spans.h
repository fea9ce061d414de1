// How many spans an OTLP request brings.
#pragma once

#include <cstdint>
#include <string_view>

namespace pais::bench {

// Of an ExportTraceServiceRequest; 0 of what is none.
std::uint64_t count_spans(std::string_view request);

}  // namespace pais::bench
