// pais-host: serves an agent that is only declared by its environment. No Python is in this process.
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <memory>
#include <stop_token>
#include <string>
#include <sys/resource.h>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "agent/native_agent.h"
#include "base/log.h"
#include "base/settings.h"
#include "host/command_line.h"
#include "host/health_check.h"
#include "model/model_source.h"
#include "server/app.h"
#include "server/open_model.h"
#include "server/open_tools.h"
#include "server/startup.h"

namespace pais::host {
namespace {

constexpr int kFailed = 1;
constexpr int kMisused = 2;  // a bad option or setting
constexpr std::string_view kLogger = "pais.server";

// A delegation waits for as long as another agent works. A hundred runs that hand on three tasks each must not wait for
// hands.
constexpr std::size_t kToolThreads = 1024;

// Blocked before any thread is born, so that only those who wait for them hear them.
sigset_t ending_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  return signals;
}

std::shared_ptr<agent::Agent> native_agent(const Settings& settings, std::shared_ptr<model::ModelSource> model,
                                           agent::Toolsets toolsets) {
  return std::make_shared<agent::NativeAgent>(
      agent::NativeOptions{.instructions = settings.agent_instructions,
                           .max_steps = static_cast<int>(settings.agentic_loop_max_steps),
                           .tools = server::tool_limits(settings),
                           .stream_intermediate = settings.stream_intermediate,
                           .tool_threads = kToolThreads},
      std::move(model), std::move(toolsets));
}

// Returns when the server has ended politely; a second signal makes that at once.
void serve_until_told(server::App& app) {
  const sigset_t signals = ending_signals();
  int received = 0;
  sigwait(&signals, &received);
  const std::jthread impatient([&app, signals](const std::stop_token& over) {
    constexpr timespec kLook{.tv_sec = 0, .tv_nsec = 50'000'000};
    while (!over.stop_requested()) {
      if (sigtimedwait(&signals, nullptr, &kLook) > 0) return app.drain();
    }
  });
  app.drain();
}

int serve_with(const Settings& settings, std::shared_ptr<memory::Memory> memory) {
  const auto calls = telemetry::call_spans(settings);
  auto model = server::open_model(settings, calls);
  const auto tools = server::open_tools(settings, calls);
  const auto readiness =
      std::make_shared<server::Readiness>(model ? server::Readiness::State::ready : server::Readiness::State::no_model);
  server::App app(settings,
                  {.host = settings.host,
                   .port = static_cast<int>(settings.agent_port),
                   .access_log = settings.agent_access_log.value_or(settings.otel_include_http_server),
                   .readiness = readiness,
                   .tools = tools,
                   .calls = calls},
                  native_agent(settings, std::move(model), tools->toolsets()), std::move(memory));
  if (auto started = app.start(); !started) {
    std::fprintf(stderr, "Error: %s\n", started.error().cause.c_str());
    return kFailed;
  }
  log::info(kLogger, server::starting_line(settings, app.port(), 0));
  std::printf("Listening on %s\n", server::listening_url(settings.host, app.port()).c_str());
  std::fflush(stdout);
  serve_until_told(app);
  tools->close();
  return 0;
}

int serve(const Loaded& loaded) {
  const Settings& settings = loaded.settings;
  server::open_log(loaded);
  server::raise_descriptor_limit();
  auto memory = server::open_memory(settings);
  if (!memory) {
    std::fprintf(stderr, "Error: %s\n", memory.error().describe().c_str());
    return kMisused;
  }
  const int code = serve_with(settings, *memory);
  (*memory)->close();
  return code;
}

int print_settings(const Loaded& loaded) {
  for (const std::string& warning : loaded.warnings) std::fprintf(stderr, "Warning: %s\n", warning.c_str());
  for (const ShownSetting& setting : shown_settings(loaded)) {
    std::printf("%s=%s  # %s\n", setting.name.c_str(), setting.value.c_str(), setting.origin.c_str());
  }
  return 0;
}

int main(const std::vector<std::string>& words) {
  const auto line = read_command_line(words);
  if (!line) {
    std::fprintf(stderr, "Error: %s\n%s", line.error().cause.c_str(), usage().c_str());
    return kMisused;
  }
  if (line->wish == CommandLine::Wish::help) {
    std::printf("%s\n%s", usage().c_str(), settings_help().c_str());
    return 0;
  }
  if (line->wish == CommandLine::Wish::version) {
    std::printf("pais-host %s\n", PAIS_VERSION);
    return 0;
  }

  // Whoever asks for the health of a host need not know its name.
  const std::string name = line->wish == CommandLine::Wish::health_check ? "asked" : "";
  const auto read =
      server::read_startup({.command_line = line->settings, .env_file = line->env_file, .fallback_name = name});
  if (const auto* problems = std::get_if<Problems>(&read)) {
    for (const std::string& problem : problems->lines) std::fprintf(stderr, "Error: %s\n", problem.c_str());
    return kMisused;
  }
  const auto& loaded = std::get<Loaded>(read);
  switch (line->wish) {
    case CommandLine::Wish::health_check:
      return is_healthy(static_cast<int>(loaded.settings.agent_port)) ? 0 : kFailed;
    case CommandLine::Wish::check:
      return print_settings(loaded);
    default:
      return serve(loaded);
  }
}

}  // namespace
}  // namespace pais::host

int main(int argc, char** argv) {
  const sigset_t signals = pais::host::ending_signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  return pais::host::main(std::vector<std::string>(argv + 1, argv + argc));
}
