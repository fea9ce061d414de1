#include "telemetry/value_limits.h"

#include <algorithm>
#include <string_view>

#include "base/utf8.h"

namespace pais::telemetry {
namespace {

// Whether there was something to cut.
bool cut(std::string& text) {
  if (text.size() <= kLongestValue) return false;
  text.resize(text_up_to(text, kLongestValue).size());
  text.shrink_to_fit();
  return true;
}

struct Cut {
  bool operator()(std::string& text) const { return cut(text); }
  bool operator()(std::vector<std::string>& texts) const {
    return std::ranges::count_if(texts, [](std::string& text) { return cut(text); }) > 0;
  }
  bool operator()(auto&) const { return false; }
};

void cut_all(Attributes& attributes) {
  for (std::size_t i = 0; i < attributes.size(); ++i) {
    if (!std::visit(Cut(), attributes[i].second)) continue;
    const auto behind = attributes.begin() + static_cast<std::ptrdiff_t>(i) + 1;
    attributes.insert(behind, {attributes[i].first + ".truncated", true});
    ++i;
  }
}

}  // namespace

void cut_long_values(Span& span) {
  cut_all(span.attributes);
  for (Span::Event& event : span.events) cut_all(event.attributes);
  for (Span::Link& link : span.links) cut_all(link.attributes);
  cut(span.status_message);
}

void cut_long_values(LogRecord& record) {
  cut_all(record.attributes);
  if (cut(record.body)) record.attributes.emplace_back("body.truncated", true);
}

}  // namespace pais::telemetry
