#include "telemetry/baggage.h"

#include <algorithm>

#include "base/trimmed.h"

namespace pais::telemetry {
namespace {

constexpr std::size_t kMostBytes = 8192;
constexpr std::size_t kMostMembers = 64;

std::string_view name_of(std::string_view member) {
  return trimmed(member.substr(0, member.find('=')));
}

bool is_visible(char c) {
  return c > 0x20 && c < 0x7f;
}

bool is_member(std::string_view member) {
  const std::string_view name = name_of(member);
  const auto is_token = [](char c) {
    return is_visible(c) && std::string_view("\"(),/:;<=>?@[\\]{}").find(c) == std::string_view::npos;
  };
  const auto is_plain = [](char c) { return is_visible(c) || c == ' ' || c == '\t'; };
  return member.find('=') != std::string_view::npos && !name.empty() && std::ranges::all_of(name, is_token) &&
         std::ranges::all_of(member, is_plain);
}

// Calls `each` with every member of a list.
template <typename Each>
void members_of(std::string_view list, Each each) {
  while (!list.empty()) {
    const auto comma = list.find(',');
    const std::string_view member = trimmed(list.substr(0, comma));
    list.remove_prefix(comma == std::string_view::npos ? list.size() : comma + 1);
    if (!member.empty()) each(member);
  }
}

std::string percent_encoded(std::string_view value) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  constexpr std::string_view kUnfit = "\",;\\%";
  std::string text;
  text.reserve(value.size());
  for (const char c : value) {
    if (is_visible(c) && kUnfit.find(c) == std::string_view::npos) {
      text += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    text += '%';
    text += kDigits[byte >> 4U];
    text += kDigits[byte & 15U];
  }
  return text;
}

class List {
 public:
  void add(std::string_view member) {
    if (members_ == kMostMembers || text_.size() + member.size() + 1 > kMostBytes) return;
    if (!text_.empty()) text_ += ',';
    text_ += member;
    ++members_;
  }
  std::string take() && { return std::move(text_); }

 private:
  std::string text_;
  std::size_t members_ = 0;
};

}  // namespace

std::string read_baggage(const http::Headers& headers) {
  List list;
  for (const auto& [name, value] : headers) {
    if (!http::equal_ignoring_case(name, "baggage")) continue;
    members_of(value, [&](std::string_view member) {
      if (is_member(member)) list.add(member);
    });
  }
  return std::move(list).take();
}

std::string write_baggage(std::span<const std::pair<std::string_view, std::string_view>> ours,
                          std::string_view came_in) {
  List list;
  for (const auto& [name, value] : ours) {
    if (!value.empty()) list.add(std::string(name) + "=" + percent_encoded(value));
  }
  members_of(came_in, [&](std::string_view member) {
    const std::string_view name = name_of(member);
    if (std::ranges::none_of(ours, [&](const auto& mine) { return mine.first == name; })) list.add(member);
  });
  return std::move(list).take();
}

}  // namespace pais::telemetry
