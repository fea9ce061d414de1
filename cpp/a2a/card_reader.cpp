#include <cstddef>
#include <utility>

#include "nlohmann/json.hpp"

#include "a2a/card.h"
#include "base/json.h"
#include "base/utf8.h"

namespace pais::a2a {
namespace {

using nlohmann::json;

constexpr std::size_t kMostNameBytes = 256;
constexpr std::size_t kMostDescriptionBytes = 4096;
constexpr std::size_t kMostSkills = 1000;

// "" for what is absent, or no text.
std::string text_of(const json& object, const char* name, std::size_t most) {
  const auto found = object.find(name);
  if (found == object.end() || !found->is_string()) return {};
  return std::string(text_up_to(found->get_ref<const std::string&>(), most));
}

std::vector<Skill> skills_of(const json& card) {
  std::vector<Skill> skills;
  const auto list = card.find("skills");
  if (list == card.end() || !list->is_array()) return skills;
  for (const json& item : *list) {
    if (!item.is_object()) continue;
    Skill skill{.id = text_of(item, "id", kMostNameBytes),
                .name = text_of(item, "name", kMostNameBytes),
                .description = text_of(item, "description", kMostDescriptionBytes)};
    if (!skill.id.empty() && !skill.name.empty()) skills.push_back(std::move(skill));
    if (skills.size() == kMostSkills) break;
  }
  return skills;
}

std::string either(const std::string& text, std::string_view fallback) {
  return text.empty() ? std::string(fallback) : text;
}

}  // namespace

Result<Card> read_card(std::string_view body, std::string_view fallback_name) {
  const auto card = parse_json(body);
  if (!card) return card.error().during("reading an agent card");
  if (!card->is_object()) return Error{.code = Code::malformed, .cause = "an agent card that is no object"};
  return Card{.name = either(text_of(*card, "name", kMostNameBytes), fallback_name),
              .description = text_of(*card, "description", kMostDescriptionBytes),
              .url = text_of(*card, "url", kMostDescriptionBytes),
              .version = either(text_of(*card, "version", kMostNameBytes), "unknown"),
              .skills = skills_of(*card)};
}

}  // namespace pais::a2a
