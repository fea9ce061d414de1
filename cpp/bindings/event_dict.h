// A run event as a dict of Python, for tests of agents: "what" names its kind, the rest is what it carries.
#pragma once

#include <pybind11/pybind11.h>

#include "events/run_event.h"

namespace pais::bindings {

pybind11::dict event_dict(const events::Happening& what);

}  // namespace pais::bindings
