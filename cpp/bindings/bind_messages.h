// What the host says to Python's loop (see `mailbox.h`), as classes of `pais._core`.
#pragma once

#include <pybind11/pybind11.h>

namespace pais::bindings {

void bind_messages(pybind11::module_& module);

}  // namespace pais::bindings
