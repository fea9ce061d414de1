// The command line of a benchmark program: `--name value` pairs and bare `--name` flags, in any order.
//
// Read every argument first, then ask `verdict()`: it names the first thing that was wrong, be it a bad value or a name
// that nobody read.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace pais::bench {

class Arguments {
 public:
  // Takes the words from `first` on.
  Arguments(int argc, char** argv, int first);

  std::string text(std::string_view name, std::string_view fallback);
  long number(std::string_view name, long fallback, long least, long most);
  double seconds(std::string_view name, double fallback);
  bool flag(std::string_view name);

  Result<void> verdict() const;

 private:
  // The value given for `name`, which from now on counts as known.
  std::optional<std::string> take(std::string_view name);
  void complain(std::string complaint);

  std::map<std::string, std::optional<std::string>, std::less<>> given_;
  std::string complaint_;
};

}  // namespace pais::bench
