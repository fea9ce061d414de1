#include "base/dotenv.h"

#include <algorithm>

namespace pais {
namespace {

bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

bool may_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
}

std::string_view without_blanks_behind(std::string_view text) {
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

char unescaped(char c) {
  switch (c) {
    case 'n':
      return '\n';
    case 't':
      return '\t';
    case 'r':
      return '\r';
    default:
      return c;
  }
}

// The longest string Linux passes in an environment. References to references can make far longer ones out of a few
// lines.
constexpr std::size_t kLongestValue = 128 * 1024;

class Parser {
 public:
  Parser(std::string_view text, const Lookup& lookup) : text_(text), lookup_(lookup) {
    constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
    if (text_.starts_with(kByteOrderMark)) at_ = kByteOrderMark.size();
  }

  DotEnv parse() {
    for (; at_ < text_.size(); finish_line()) line();
    return std::move(result_);
  }

 private:
  void line() {
    skip_blanks();
    if (at_line_end() || peek() == '#') return;
    const std::size_t start = at_;
    if (!assignment()) {
      result_.bad_lines.push_back(line_number(start));
      at_ = start;
    }
  }

  bool assignment() {
    std::string name = take_name();
    skip_blanks();
    if (name == "export" && peek() != '=') {
      name = take_name();
      skip_blanks();
    }
    if (name.empty() || peek() != '=') return false;
    ++at_;
    skip_blanks();
    const auto value = take_value();
    if (!value || value->size() > kLongestValue) return false;
    result_.entries.emplace_back(std::move(name), *value);
    return true;
  }

  std::string take_name() {
    const std::size_t start = at_;
    while (at_ < text_.size() && may_name(text_[at_])) ++at_;
    return std::string(text_.substr(start, at_ - start));
  }

  std::optional<std::string> take_value() {
    if (peek() != '"' && peek() != '\'') return expanded(take_unquoted());
    auto value = peek() == '"' ? take_double_quoted() : take_single_quoted();
    skip_blanks();
    if (!at_line_end() && peek() != '#') return std::nullopt;
    return value;
  }

  // Ends at the line's end, or at a "#" that has a blank before it.
  std::string_view take_unquoted() {
    const std::size_t start = at_;
    while (!at_line_end() && !(peek() == '#' && (at_ == start || is_blank(text_[at_ - 1])))) ++at_;
    return without_blanks_behind(text_.substr(start, at_ - start));
  }

  std::optional<std::string> take_single_quoted() {
    const std::size_t start = ++at_;
    const std::size_t end = text_.find('\'', start);
    if (end == std::string_view::npos) return std::nullopt;
    at_ = end + 1;
    return std::string(text_.substr(start, end - start));
  }

  std::optional<std::string> take_double_quoted() {
    std::string value;
    for (++at_; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (c == '"') {
        ++at_;
        return value;
      }
      if (c == '\\' && at_ + 1 < text_.size()) {
        append_escape(value, text_[++at_]);
      } else if (c == '$') {
        at_ += append_reference(value, text_.substr(at_)) - 1;
      } else {
        value += c;
      }
    }
    return std::nullopt;
  }

  static void append_escape(std::string& value, char c) {
    if (std::string_view("ntr\"\\$").find(c) == std::string_view::npos) value += '\\';
    value += unescaped(c);
  }

  std::string expanded(std::string_view text) const {
    std::string value;
    while (!text.empty()) {
      const std::size_t taken = text.front() == '$' ? append_reference(value, text) : 0;
      if (taken == 0) value += text.front();
      text.remove_prefix(std::max<std::size_t>(taken, 1));
    }
    return value;
  }

  // Appends what "${NAME}" or "${NAME:-otherwise}" at the front of `text` stands for, or else the "$" itself; answers
  // how many characters that took.
  std::size_t append_reference(std::string& value, std::string_view text) const {
    const std::size_t end = text.find('}');
    const std::string_view inside =
        text.starts_with("${") && end != std::string_view::npos ? text.substr(2, end - 2) : std::string_view();
    const std::string_view name = inside.substr(0, inside.find(":-"));
    if (name.empty() || !std::all_of(name.begin(), name.end(), may_name)) {
      value += '$';
      return 1;
    }
    const auto found = value.size() > kLongestValue ? std::nullopt : known(name);
    if (found) {
      value += *found;
    } else if (name.size() < inside.size()) {
      value += inside.substr(name.size() + 2);
    }
    return end + 1;
  }

  std::optional<std::string> known(std::string_view name) const {
    if (lookup_) {
      if (auto found = lookup_(name)) return found;
    }
    const auto entry = std::find_if(result_.entries.rbegin(), result_.entries.rend(),
                                    [&](const auto& each) { return each.first == name; });
    if (entry == result_.entries.rend()) return std::nullopt;
    return entry->second;
  }

  char peek() const { return at_ < text_.size() ? text_[at_] : '\n'; }
  bool at_line_end() const {
    return peek() == '\n' || (peek() == '\r' && (at_ + 1 >= text_.size() || text_[at_ + 1] == '\n'));
  }

  void skip_blanks() {
    while (at_ < text_.size() && is_blank(text_[at_])) ++at_;
  }

  void finish_line() { at_ = std::min(text_.find('\n', at_), text_.size() - 1) + 1; }

  // Asked for growing places only, so that each line break is counted once.
  std::size_t line_number(std::size_t at) {
    const std::string_view passed = text_.substr(counted_to_, at - counted_to_);
    line_ += static_cast<std::size_t>(std::count(passed.begin(), passed.end(), '\n'));
    counted_to_ = at;
    return line_;
  }

  std::string_view text_;
  const Lookup& lookup_;
  std::size_t at_ = 0;
  std::size_t line_ = 1;
  std::size_t counted_to_ = 0;
  DotEnv result_;
};

}  // namespace

DotEnv parse_dotenv(std::string_view text, const Lookup& lookup) {
  return Parser(text, lookup).parse();
}

}  // namespace pais
