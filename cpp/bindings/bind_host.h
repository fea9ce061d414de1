// `pais._core.Host` and the messages it has for Python's loop.
#pragma once

#include <pybind11/pybind11.h>

namespace pais::bindings {

void bind_host(pybind11::module_& module);

}  // namespace pais::bindings
