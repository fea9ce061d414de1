#include "tools/delegation/handover_headers.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <string>
#include <utility>

namespace pais::tools::delegation {
namespace {

using std::chrono::milliseconds;

constexpr std::string_view kPathHeader = "X-PAIS-Delegation-Path";
constexpr std::string_view kSecondsHeader = "X-PAIS-Budget-Seconds";
constexpr std::string_view kStepsHeader = "X-PAIS-Budget-Steps";
constexpr std::string_view kTokensHeader = "X-PAIS-Budget-Tokens";

constexpr int kMostDepth = 1000;
constexpr std::size_t kMostNames = 100;
constexpr double kMostSeconds = 86'400.0 * 365;

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
         c == '.' || c == '~';
}

std::string decoded(std::string_view text) {
  std::string name;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned byte = 0;
    const char* digits = text.data() + i + 1;
    const bool whole = text[i] == '%' && i + 2 < text.size();
    if (whole && std::from_chars(digits, digits + 2, byte, 16).ptr == digits + 2) {
      name += static_cast<char>(byte);
      i += 2;
    } else {
      name += text[i];
    }
  }
  return name;
}

template <typename Number>
std::optional<Number> number(std::string_view text) {
  Number value{};
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc() || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

std::optional<milliseconds> time_of(std::string_view text) {
  const auto seconds = number<double>(text);
  if (!seconds || !(*seconds <= kMostSeconds)) return std::nullopt;
  return std::chrono::floor<milliseconds>(std::chrono::duration<double>(*seconds));
}

std::string in_seconds(milliseconds time) {
  std::array<char, 32> text{};
  const auto whole = static_cast<long long>(time.count());
  std::snprintf(text.data(), text.size(), "%lld.%03lld", whole / 1000, whole % 1000);
  return text.data();
}

std::vector<std::string> names_of(std::string_view path) {
  std::vector<std::string> names;
  while (!path.empty() && names.size() < kMostNames) {
    std::string_view name = path.substr(0, path.find(','));
    path.remove_prefix(std::min(name.size() + 1, path.size()));
    while (name.starts_with(' ')) name.remove_prefix(1);
    while (name.ends_with(' ')) name.remove_suffix(1);
    if (!name.empty()) names.push_back(decoded(name));
  }
  return names;
}

int depth_of(std::string_view text) {
  if (text.empty()) return 0;
  return std::min(number<int>(text).value_or(1), kMostDepth);
}

}  // namespace

std::string percent_encoded(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (is_plain(c)) {
      encoded += c;
    } else {
      encoded.append(1, '%').append(1, kDigits[byte >> 4]).append(1, kDigits[byte & 15]);
    }
  }
  return encoded;
}

http::Headers to_headers(const Handover& handover) {
  http::Headers headers;
  const auto add = [&](std::string_view name, std::string value) { headers.emplace_back(name, std::move(value)); };
  std::string path;
  for (const std::string& name : handover.lineage.path)
    path.append(path.empty() ? "" : ",").append(percent_encoded(name));
  add(kDepthHeader, std::to_string(handover.lineage.depth));
  if (!path.empty()) add(kPathHeader, std::move(path));
  if (handover.time) add(kSecondsHeader, in_seconds(*handover.time));
  if (handover.allowance.steps) add(kStepsHeader, std::to_string(*handover.allowance.steps));
  if (handover.allowance.tokens) add(kTokensHeader, std::to_string(*handover.allowance.tokens));
  return headers;
}

Handover read_handover(const http::Headers& headers) {
  const auto header = [&](std::string_view name) { return http::find_header(headers, name); };
  return {.lineage = {.depth = depth_of(header(kDepthHeader)), .path = names_of(header(kPathHeader))},
          .time = time_of(header(kSecondsHeader)),
          .allowance = {.steps = number<std::int64_t>(header(kStepsHeader)),
                        .tokens = number<std::int64_t>(header(kTokensHeader))}};
}

}  // namespace pais::tools::delegation
