#include <charconv>

#include "nlohmann/json.hpp"
#include "protozero/pbf_reader.hpp"

#include "base/json.h"
#include "telemetry/otlp.h"

namespace pais::telemetry {
namespace {

using nlohmann::json;

constexpr protozero::pbf_tag_type kPartialSuccess = 1;
constexpr protozero::pbf_tag_type kRejected = 1;
constexpr protozero::pbf_tag_type kMessage = 2;

const char* rejected_name(Signal signal) {
  switch (signal) {
    case Signal::metrics:
      return "rejectedDataPoints";
    case Signal::logs:
      return "rejectedLogRecords";
    case Signal::traces:
      break;
  }
  return "rejectedSpans";
}

PartialSuccess read_inner(protozero::pbf_reader message) {
  PartialSuccess partial;
  while (message.next()) {
    if (message.tag_and_type() == protozero::tag_and_type(kRejected, protozero::pbf_wire_type::varint)) {
      partial.rejected = message.get_int64();
    } else if (message.tag_and_type() ==
               protozero::tag_and_type(kMessage, protozero::pbf_wire_type::length_delimited)) {
      partial.message = message.get_string();
    } else {
      message.skip();
    }
  }
  return partial;
}

PartialSuccess read_protobuf(std::string_view body) {
  PartialSuccess partial;
  protozero::pbf_reader message(body.data(), body.size());
  while (message.next()) {
    if (message.tag_and_type() ==
        protozero::tag_and_type(kPartialSuccess, protozero::pbf_wire_type::length_delimited)) {
      partial = read_inner(message.get_message());
    } else {
      message.skip();
    }
  }
  return partial;
}

// 64-bit numbers are text in the JSON of protobuf, but not everybody's.
std::int64_t whole_number(const json& value) {
  if (value.is_number_integer()) return value.get<std::int64_t>();
  if (!value.is_string()) return 0;
  const auto& digits = value.get_ref<const std::string&>();
  std::int64_t number = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return number;
}

PartialSuccess read_json(Signal signal, std::string_view body) {
  const auto answer = parse_json(body);
  if (!answer || !answer->is_object()) return {};
  const json inner = answer->value("partialSuccess", json());
  if (!inner.is_object()) return {};
  const json message = inner.value("errorMessage", json());
  return {.rejected = whole_number(inner.value(rejected_name(signal), json())),
          .message = message.is_string() ? message.get<std::string>() : std::string()};
}

}  // namespace

PartialSuccess read_partial_success(OtlpForm form, Signal signal, std::string_view body) {
  try {
    return form == OtlpForm::json ? read_json(signal, body) : read_protobuf(body);
  } catch (const protozero::exception&) {
    return {};
  } catch (const json::exception&) {
    return {};
  }
}

}  // namespace pais::telemetry
