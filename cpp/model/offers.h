// The tools that a request offers to its model.
//
// An agent offers the same ones in each request, so they are put together once, and what a server of the OpenAI API is
// told of them is written then. Copies share what never changes; from any thread.
#pragma once

#include <initializer_list>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "events/values.h"

namespace pais::model {

using events::ToolOffer;

class Offers {
 public:
  Offers() = default;
  explicit Offers(std::vector<ToolOffer> tools);
  Offers(std::initializer_list<ToolOffer> tools) : Offers(std::vector<ToolOffer>(tools)) {}

  bool empty() const { return shared_ == nullptr; }
  std::span<const ToolOffer> all() const;
  // The list `tools` of a request, as JSON. Parameters are JSON text already and stand in it as they are.
  std::string_view json() const;

  // Whether a model cannot tell them apart.
  bool operator==(const Offers& other) const { return shared_ == other.shared_ || json() == other.json(); }

 private:
  struct Shared;

  std::shared_ptr<const Shared> shared_;  // null: none
};

}  // namespace pais::model
