// What a collector may say at the end of an export: a status with its details, and partial success in either form.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/utf8.h"
#include "telemetry/grpc_status.h"
#include "telemetry/otlp.h"

using namespace pais;
using namespace pais::telemetry;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const std::string_view first = bytes.substr(0, bytes.find('\n'));
  const std::string_view rest = bytes.substr(first.size() == bytes.size() ? first.size() : first.size() + 1);

  const GrpcStatus status = read_grpc_status(first, rest, rest, 200);
  if (!is_utf8(status.message) || describe(status).empty()) std::abort();
  if (status.retry_after && *status.retry_after < std::chrono::milliseconds(0)) std::abort();
  for (const Signal signal : {Signal::traces, Signal::metrics, Signal::logs}) {
    for (const OtlpForm form : {OtlpForm::protobuf, OtlpForm::json}) read_partial_success(form, signal, bytes);
  }
  return 0;
}
