// Sources made ready for looking things up, and the place where everything that is wrong with them gathers.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/settings.h"

namespace pais::settings {

class Findings {
 public:
  void problem(std::string text) { problems.push_back(std::move(text)); }
  void doubt(std::string text) { doubts.push_back(std::move(text)); }  // a problem where PAIS_STRICT is on
  void warning(std::string text) { warnings.push_back(std::move(text)); }
  void note(std::string text) { notes.push_back(std::move(text)); }

  std::vector<std::string> problems;
  std::vector<std::string> doubts;
  std::vector<std::string> warnings;
  std::vector<std::string> notes;
  std::map<std::string, std::string> origins;
};

struct Found {
  std::string value;  // blanks around it are cut
  std::string origin;
};

class SourceIndex {
 public:
  // Reads the files; what in them makes no sense is found.
  SourceIndex(const Sources& sources, Findings& findings);

  // In any letter case; exactly spelt in capitals wins within one source.
  std::optional<Found> find(std::string_view name, bool also_in_files = true) const;
  std::optional<Found> find_exactly(std::string_view name) const;

  // All names of all sources that `wanted` wants, each once, in capitals.
  template <typename Wanted>
  std::vector<std::string> names_that(Wanted wanted) const {
    std::map<std::string, bool> names;
    for (const Layer& layer : layers_) {
      for (const auto& [name, value] : layer.in_capitals) {
        if (wanted(name)) names.emplace(name, true);
      }
    }
    std::vector<std::string> list;
    for (const auto& [name, unused] : names) list.push_back(name);
    return list;
  }

 private:
  struct Layer {
    std::string origin;
    bool is_file;
    std::map<std::string, std::string, std::less<>> as_spelt;
    std::map<std::string, std::string, std::less<>> in_capitals;
  };

  void add(std::string origin, bool is_file, const std::map<std::string, std::string>& values);
  void add_file(const EnvFile& file, const std::map<std::string, std::string>& environment, Findings& findings);

  std::vector<Layer> layers_;  // the strongest first
};

}  // namespace pais::settings
