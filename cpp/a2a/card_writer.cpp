#include "nlohmann/json.hpp"

#include "a2a/card.h"

namespace pais::a2a {
namespace {

using nlohmann::ordered_json;

constexpr const char* kProtocolVersion = "0.3.0";

ordered_json json_only() {
  return ordered_json::array({"application/json"});
}

ordered_json json_of(const Skill& skill) {
  return {{"id", skill.id},
          {"name", skill.name},
          {"description", skill.description},
          {"tags", ordered_json::array()},
          {"inputModes", json_only()},
          {"outputModes", json_only()}};
}

std::string text_of(const ordered_json& body) {
  return body.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

}  // namespace

std::string write_card(const Card& card) {
  ordered_json skills = ordered_json::array();
  for (const Skill& skill : card.skills) skills.push_back(json_of(skill));
  const ordered_json body = {
      {"name", card.name},
      {"description", card.description},
      {"url", card.url},
      {"version", card.version},
      {"protocolVersion", kProtocolVersion},
      {"skills", std::move(skills)},
      {"capabilities", {{"streaming", true}, {"pushNotifications", false}, {"stateTransitionHistory", false}}},
      {"defaultInputModes", json_only()},
      {"defaultOutputModes", json_only()}};
  return text_of(body);
}

std::string write_configuration(const Card& card) {
  ordered_json skills = ordered_json::array();
  for (const Skill& skill : card.skills) {
    skills.push_back({{"id", skill.id}, {"name", skill.name}, {"description", skill.description}});
  }
  return text_of({{"name", card.name},
                  {"description", card.description},
                  {"url", card.url},
                  {"version", card.version},
                  {"capabilities", {{"streaming", true}, {"push_notifications", false}}},
                  {"default_input_modes", {"text"}},
                  {"default_output_modes", {"text"}},
                  {"skills", std::move(skills)}});
}

}  // namespace pais::a2a
