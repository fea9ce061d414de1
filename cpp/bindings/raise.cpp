#include "bindings/raise.h"

namespace py = pybind11;

namespace pais::bindings {
namespace {

PYBIND11_CONSTINIT py::gil_safe_call_once_and_store<py::object> memory_unavailable;

PyObject* exception_of(Code code) {
  switch (code) {
    case Code::memory_unavailable:
      return memory_unavailable.get_stored().ptr();
    case Code::invalid_setting:
    case Code::invalid_value:
      return PyExc_ValueError;
    default:
      return PyExc_RuntimeError;
  }
}

void translate(std::exception_ptr thrown) {
  try {
    std::rethrow_exception(std::move(thrown));
  } catch (const Raised& raised) {
    py::set_error(exception_of(raised.code()), raised.what());
  }
}

}  // namespace

void bind_exceptions(py::module_& module) {
  memory_unavailable.call_once_and_store_result([&] {
    py::object type = py::exception<Raised>(module, "MemoryUnavailable", PyExc_RuntimeError);
    type.attr("__module__") = "pais.memory";
    type.doc() = "The session memory cannot be reached, or has been closed.";
    return type;
  });
  py::register_local_exception_translator(&translate);
}

}  // namespace pais::bindings
