// Names for tool calls that can be told apart.
#pragma once

#include <string>
#include <vector>

#include "model/model.h"

namespace pais::model {

// Gives each call an id that no other call has, neither among `calls` nor in the messages before: servers leave ids
// out, repeat them, or count each answer's calls from zero. An id that is there and free stays.
void make_ids_unique(std::vector<events::ToolCall>& calls, const std::vector<Message>& earlier);

}  // namespace pais::model
