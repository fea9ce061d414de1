#include "model/offers.h"

#include <string>
#include <utility>

#include "base/json_text.h"

namespace pais::model {
namespace {

constexpr std::string_view kNoParameters = R"({"type":"object","properties":{}})";

void append(std::string& out, const ToolOffer& tool) {
  out += R"({"type":"function","function":{"name":)";
  append_json_string(out, tool.name);
  out += R"(,"description":)";
  append_json_string(out, tool.description);
  out += R"(,"parameters":)";
  out += tool.parameters.empty() ? kNoParameters : std::string_view(tool.parameters);
  out += "}}";
}

std::string written(const std::vector<ToolOffer>& tools) {
  std::string out = "[";
  for (const ToolOffer& tool : tools) {
    if (out.size() > 1) out += ',';
    append(out, tool);
  }
  return out += ']';
}

}  // namespace

struct Offers::Shared {
  std::vector<ToolOffer> tools;
  std::string json;
};

Offers::Offers(std::vector<ToolOffer> tools) {
  if (tools.empty()) return;
  std::string json = written(tools);
  shared_ = std::make_shared<const Shared>(Shared{.tools = std::move(tools), .json = std::move(json)});
}

std::span<const ToolOffer> Offers::all() const {
  return shared_ == nullptr ? std::span<const ToolOffer>() : shared_->tools;
}

std::string_view Offers::json() const {
  return shared_ == nullptr ? std::string_view("[]") : shared_->json;
}

}  // namespace pais::model
