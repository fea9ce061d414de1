// pais._core: the C++ side of the Python package. So far it only says what was built.
#include <pybind11/pybind11.h>

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
  module.doc() = "The C++ core of PAIS.";
  module.def("version", [] { return PAIS_VERSION; }, "The version the core was built as.");
  module.def("build_info", &build_info, "How the core was built: version, compiler, build_type.");
}
