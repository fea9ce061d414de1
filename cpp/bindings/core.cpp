// pais._core: the host inside a Python process.
//
// The border: who calls in from Python gets plain values; no C++ thread ever waits for the GIL; what blocks gives it
// away first.
#include <pybind11/pybind11.h>
#include <string>

#include "base/log.h"
#include "bindings/bind_host.h"
#include "bindings/http_call.h"
#include "bindings/signals.h"
#include "bindings/stores.h"
#include "bindings/unlocked.h"

namespace py = pybind11;

namespace {

py::dict build_info() {
  py::dict info;
  info["version"] = PAIS_VERSION;
  info["compiler"] = PAIS_COMPILER;
  info["build_type"] = PAIS_BUILD_TYPE;
  return info;
}

}  // namespace

PYBIND11_MODULE(_core, module) {
  using pais::bindings::WithoutGil;

  module.doc() = "The C++ core of PAIS.";
  module.def(
      "version", [] { return PAIS_VERSION; }, "The version the core was built as.");
  module.def("build_info", &build_info, "How the core was built: version, compiler, build_type.");
  module.def(
      "log_error", [](const std::string& text) { pais::log::error("pais.agent", text); }, py::arg("text"), WithoutGil(),
      "Writes an ERROR line to the host's log.");
  module.def(
      "log_warning", [](const std::string& text) { pais::log::warning("pais.agent", text); }, py::arg("text"),
      WithoutGil(), "Writes a WARNING line to the host's log.");
  module.def(
      "log_info", [](const std::string& text) { pais::log::info("pais.agent", text); }, py::arg("text"), WithoutGil(),
      "Writes an INFO line to the host's log.");
  pais::bindings::bind_signals(module);
  pais::bindings::bind_stores(module);
  pais::bindings::bind_host(module);
  pais::bindings::bind_http_call(module);
}
