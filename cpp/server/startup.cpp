#include "server/startup.h"

#include <sys/resource.h>
#include <utility>

#include "base/log.h"

namespace pais::server {
namespace {

Result<Sources> gather(const StartupWish& wish) {
  Sources sources{.command_line = wish.command_line,
                  .environment = process_environment(),
                  .fallback_name = wish.fallback_name,
                  .brings_model = wish.brings_model};
  for (const std::string& path : {wish.env_file, std::string(".env")}) {
    if (path.empty()) continue;
    auto file = read_env_file(path);
    if (!file) return file.error();
    if (!*file && path == wish.env_file) {
      return Error{.code = Code::invalid_setting, .cause = "File '" + path + "' not found"};
    }
    if (*file) sources.env_files.push_back(**std::move(file));
  }
  return sources;
}

}  // namespace

std::variant<Loaded, Problems> read_startup(const StartupWish& wish) {
  const auto sources = gather(wish);
  if (!sources) return Problems{.lines = {sources.error().cause}};
  return read_settings(*sources);
}

void open_log(const Loaded& loaded) {
  const Settings& settings = loaded.settings;
  log::configure({.level = settings.level(), .format = settings.log_format, .trace_ids = settings.telemetry_on()});
  for (const std::string& warning : loaded.warnings) log::warning("pais.server", warning);
  for (const std::string& note : loaded.notes) log::info("pais.server", note);
}

void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

std::string listening_url(const std::string& host, int port) {
  const bool v6 = host.find(':') != std::string::npos;
  return "http://" + (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

}  // namespace pais::server
