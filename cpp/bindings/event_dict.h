// A run event as a dict of Python, for tests of agents: "what" names its kind, the rest is what it carries.
#pragma once

#include <pybind11/pybind11.h>
#include <string_view>

#include "events/run_event.h"

namespace pais::bindings {

pybind11::dict event_dict(const events::Happening& what);

std::string_view name_of(events::FinishReason finish);

}  // namespace pais::bindings
