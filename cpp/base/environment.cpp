#include <cerrno>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <unistd.h>

#include "base/settings.h"

namespace pais {
namespace {

constexpr std::size_t kLongestFile = 1024 * 1024;

Error unreadable(const std::string& path, const std::string& why) {
  return Error{.code = Code::invalid_setting, .cause = path + ": " + why};
}

}  // namespace

std::map<std::string, std::string> process_environment() {
  std::map<std::string, std::string> values;
  for (char** each = environ; each != nullptr && *each != nullptr; ++each) {
    const std::string_view entry(*each);
    const auto equals = entry.find('=');
    if (equals != std::string_view::npos) values.emplace(entry.substr(0, equals), entry.substr(equals + 1));
  }
  return values;
}

Result<std::optional<EnvFile>> read_env_file(const std::string& path) {
  std::error_code failed;
  const auto status = std::filesystem::status(path, failed);
  if (status.type() == std::filesystem::file_type::not_found) return std::optional<EnvFile>();
  if (failed) return unreadable(path, failed.message());
  if (status.type() == std::filesystem::file_type::directory) return unreadable(path, "is a directory");

  std::ifstream file(path, std::ios::binary);
  if (!file) return unreadable(path, std::generic_category().message(errno));
  std::string contents(kLongestFile + 1, '\0');
  file.read(contents.data(), static_cast<std::streamsize>(contents.size()));
  if (file.bad()) return unreadable(path, "cannot be read");
  contents.resize(static_cast<std::size_t>(file.gcount()));
  if (contents.size() > kLongestFile) return unreadable(path, "is over a megabyte");
  return std::optional(EnvFile{path, std::move(contents)});
}

}  // namespace pais
