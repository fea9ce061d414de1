// HTTP calls for Python code that has to make some of its own, as a delegation in Python does.
//
// `HttpCall.send` blocks the thread that calls it, without the GIL; `HttpCall.cancel` ends it from any other thread.
// `HttpCall.stream` does the same, and calls back, with the GIL, for each event of a stream.
// All calls share one client, and so its connections. Nothing is raised: how a call failed is a part of its outcome,
// and an answer of any status is no failure.
#pragma once

#include <pybind11/pybind11.h>

namespace pais::bindings {

void bind_http_call(pybind11::module_& module);

}  // namespace pais::bindings
