#include "otlp_sink/spans.h"

#include "protozero/pbf_reader.hpp"

namespace pais::bench {

std::uint64_t count_spans(std::string_view request) {
  constexpr protozero::pbf_tag_type kResourceSpans = 1;
  constexpr protozero::pbf_tag_type kScopeSpans = 2;
  constexpr protozero::pbf_tag_type kSpans = 2;
  std::uint64_t spans = 0;
  try {
    for (protozero::pbf_reader whole(request.data(), request.size()); whole.next(kResourceSpans);) {
      for (protozero::pbf_reader resource = whole.get_message(); resource.next(kScopeSpans);) {
        for (protozero::pbf_reader scope = resource.get_message(); scope.next(kSpans); scope.skip()) ++spans;
      }
    }
  } catch (const protozero::exception&) {
    return 0;
  }
  return spans;
}

}  // namespace pais::bench
