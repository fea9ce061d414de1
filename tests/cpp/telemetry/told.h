// A sink that keeps what it is told, for tests.
#pragma once

#include <algorithm>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "telemetry/signals.h"
#include "telemetry/span_reader.h"

namespace pais::telemetry {

class Told final : public SignalSink {
 public:
  void take(const Scope& scope, std::string_view span) override {
    const std::scoped_lock lock(mutex_);
    spans_.push_back(read_span(scope, span));
  }
  void take(const LogRecord& record) override {
    const std::scoped_lock lock(mutex_);
    records_.push_back(record);
  }

  std::vector<Span> spans() const {
    const std::scoped_lock lock(mutex_);
    return spans_;
  }
  std::vector<LogRecord> records() const {
    const std::scoped_lock lock(mutex_);
    return records_;
  }
  // The one of that name; an empty one when there is none.
  Span span(std::string_view name) const {
    const auto all = spans();
    const auto found = std::ranges::find(all, name, &Span::name);
    return found == all.end() ? Span{} : *found;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<Span> spans_;
  std::vector<LogRecord> records_;
};

inline std::optional<Value> attribute(const Span& span, std::string_view key) {
  for (const auto& [name, value] : span.attributes) {
    if (name == key) return value;
  }
  return std::nullopt;
}

inline std::string text_of(const Span& span, std::string_view key) {
  const auto value = attribute(span, key);
  const auto* text = value ? std::get_if<std::string>(&*value) : nullptr;
  return text == nullptr ? "" : *text;
}

}  // namespace pais::telemetry
