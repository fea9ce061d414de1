// pais-host: serves an agent that is only declared by its environment. No Python is in this process.
#include <chrono>
#include <csignal>
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
#include "http/client.h"
#include "model/model_source.h"
#include "server/app.h"
#include "server/startup.h"

namespace pais::host {
namespace {

constexpr int kFailed = 1;
constexpr int kMisused = 2;  // a bad option or setting
constexpr std::string_view kLogger = "pais.server";

// Blocked before any thread is born, so that only those who wait for them hear them.
sigset_t ending_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  return signals;
}

model::ToolCallMode mode_of(ToolCallMode mode) {
  switch (mode) {
    case ToolCallMode::native:
      return model::ToolCallMode::native;
    case ToolCallMode::string:
      return model::ToolCallMode::string;
    case ToolCallMode::automatic:
      break;
  }
  return model::ToolCallMode::automatic;
}

model::ModelOptions model_options(const Settings& settings) {
  return {.base_url = settings.model_api_url,
          .model = settings.model_name,
          .api_key = settings.model_api_key,
          .mode = mode_of(settings.tool_call_mode),
          .timeouts = {.total = settings.model_timeout,
                       .connect = settings.model_connect_timeout,
                       .idle = settings.model_idle_timeout},
          .retry = {.retries = static_cast<int>(settings.model_retries)},
          .script = settings.debug_mock_responses,
          .mock_delay = settings.mock_delay};
}

// Stands where a model should: the host starts without one and says so in /ready.
class NoModel : public model::ModelSource, public model::Model {
 public:
  std::unique_ptr<model::Model> for_run() override { return std::make_unique<NoModel>(); }
  std::string name() const override { return "none"; }
  Result<model::Answer> respond(const model::Request&, model::Deltas&, std::stop_token) override {
    return Error{.code = Code::not_configured, .cause = "MODEL_API_URL and MODEL_NAME are not set"};
  }
};

std::shared_ptr<model::ModelSource> model_source(const Settings& settings) {
  auto source = model::make_model_source(model_options(settings), std::make_shared<const http::Client>());
  if (source) return *std::move(source);
  log::warning(kLogger, "no model to ask: " + source.error().describe());
  return std::make_shared<NoModel>();
}

std::shared_ptr<agent::Agent> native_agent(const Settings& settings) {
  return std::make_shared<agent::NativeAgent>(
      agent::NativeOptions{.instructions = settings.agent_instructions,
                           .max_steps = static_cast<int>(settings.agentic_loop_max_steps),
                           .tools = {.retries = static_cast<int>(settings.tool_retries),
                                     .timeout = settings.tool_timeout,
                                     .result_max_bytes = static_cast<std::size_t>(settings.tool_result_max_bytes)},
                           .stream_intermediate = settings.stream_intermediate},
      model_source(settings), agent::Toolsets{});
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

int serve(const Loaded& loaded) {
  const Settings& settings = loaded.settings;
  server::open_log(loaded);
  server::raise_descriptor_limit();
  auto memory = server::open_memory(settings);
  if (!memory) {
    std::fprintf(stderr, "Error: %s\n", memory.error().describe().c_str());
    return kMisused;
  }
  server::App app(settings,
                  {.host = settings.host,
                   .port = static_cast<int>(settings.agent_port),
                   .access_log = settings.agent_access_log.value_or(settings.otel_include_http_server)},
                  native_agent(settings), *std::move(memory));
  if (auto started = app.start(); !started) {
    std::fprintf(stderr, "Error: %s\n", started.error().cause.c_str());
    return kFailed;
  }
  log::info(kLogger, server::starting_line(settings, app.port(), 0));
  std::printf("Listening on %s\n", server::listening_url(settings.host, app.port()).c_str());
  std::fflush(stdout);
  serve_until_told(app);
  return 0;
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

  const auto read = server::read_startup({.command_line = line->settings, .env_file = line->env_file});
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
