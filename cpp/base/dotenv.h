// Files of settings: `.env`, and what `--env-file` names.
//
//   # a comment
//   export AGENT_NAME=calc          # another
//   AGENT_INSTRUCTIONS="two\nlines"
//   MODEL_API_KEY='as it stands, $HOME and \n included'
//   MODEL_API_URL=http://${MODEL_HOST:-localhost}:8000
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pais {

struct DotEnv {
  std::vector<std::pair<std::string, std::string>> entries;  // as they stand; of a repeated name the last counts
  std::vector<std::size_t> bad_lines;                        // counted from 1: neither a setting nor a comment
};

// Looks a name up that `${NAME}` asks for; names set earlier in the same text come second.
using Lookup = std::function<std::optional<std::string>(std::string_view name)>;

// Never fails: a line that makes no sense is named and skipped. Double-quoted values know \n \t \r \" \\ \$ and may
// go over several lines, as single-quoted ones may; a quote that is never closed makes its line a bad one.
DotEnv parse_dotenv(std::string_view text, const Lookup& lookup = {});

}  // namespace pais
