// A tool's JSON Schema, compiled once so that looking at the arguments of a call costs microseconds.
//
// It knows what tool schemas really use: `type` (also a list), `properties`, `required`, `additionalProperties`,
// `items`, `enum`, `const`, `minimum`, `maximum`, `exclusiveMinimum`, `exclusiveMaximum`, `minLength`, `maxLength`,
// `minItems`, `maxItems`, `anyOf`, `oneOf`, `allOf`, `$ref` within the document, `nullable`, and the schemas `true` and
// `false`. Everything else (`pattern` and `format` too), a keyword whose own value makes no sense, and a `$ref` that
// leads nowhere are as if they were not there: the tool itself has the last word. So has it when a value would take
// unreasonably long to look at.
//
// Values are taken as they are: "3" is no number. One thing gives way: 3.0 counts as an integer, as JSON Schema says.
//
// A Schema is a value, cheap to copy, to be used from any thread. Nothing here throws.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "nlohmann/json_fwd.hpp"

#include "base/result.h"

namespace pais::tools {

class Schema {
 public:
  // Code::malformed when the text is neither a JSON object nor `true` or `false`, or has unreasonably many parts.
  static Result<Schema> read(std::string_view text);

  // What is wrong with the value, in one sentence that names the place; nothing when it fits.
  std::optional<std::string> objection(const nlohmann::json& value) const;

  struct Rules;

 private:
  explicit Schema(std::shared_ptr<const Rules> rules) : rules_(std::move(rules)) {}

  std::shared_ptr<const Rules> rules_;
};

}  // namespace pais::tools
