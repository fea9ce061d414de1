#include <gtest/gtest.h>

#include "telemetry/otlp.h"

namespace pais::telemetry {
namespace {

using namespace std::string_view_literals;

TEST(PartialSuccess, IsReadFromProtobuf) {
  const PartialSuccess partial =
      read_partial_success(OtlpForm::protobuf, Signal::traces, "\x0a\x07\x08\x03\x12\x03old"sv);

  EXPECT_EQ(partial.rejected, 3);
  EXPECT_EQ(partial.message, "old");
}

TEST(PartialSuccess, IsReadFromJsonWithNumbersOfEitherKind) {
  const auto read = [](Signal signal, std::string_view body) {
    return read_partial_success(OtlpForm::json, signal, body).rejected;
  };

  EXPECT_EQ(read(Signal::traces, R"({"partialSuccess":{"rejectedSpans":"3"}})"), 3);
  EXPECT_EQ(read(Signal::logs, R"({"partialSuccess":{"rejectedLogRecords":4}})"), 4);
  EXPECT_EQ(read(Signal::metrics, R"({"partialSuccess":{"rejectedDataPoints":"5"}})"), 5);
}

TEST(PartialSuccess, IsNothingWhenTheAnswerIsEmptyOrNonsense) {
  for (const std::string_view body :
       {""sv, "\xff\xff\xff"sv, "\x0a\x50\x08"sv, "{}"sv, "[]"sv, R"({"partialSuccess":7})"sv}) {
    for (const OtlpForm form : {OtlpForm::protobuf, OtlpForm::json}) {
      EXPECT_EQ(read_partial_success(form, Signal::traces, body).rejected, 0) << body;
    }
  }
}

}  // namespace
}  // namespace pais::telemetry
