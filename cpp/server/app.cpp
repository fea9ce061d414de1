#include "server/app.h"

#include <chrono>
#include <utility>

#include "base/log.h"
#include "server/card_routes.h"
#include "server/chat_service.h"
#include "server/memory_routes.h"
#include "server/pages.h"
#include "server/plain_routes.h"
#include "server/required_tools.h"
#include "server/ui_routes.h"

namespace pais::server {
namespace {

constexpr std::chrono::seconds kLastWords{3};           // for telemetry that has not left yet
constexpr std::size_t kNoLimit = std::size_t{1} << 40;  // more than any connection brings

memory::LocalOptions local_options(const Settings& settings) {
  return {.max_sessions = static_cast<std::size_t>(settings.memory_max_sessions),
          .max_session_events = static_cast<std::size_t>(settings.memory_max_session_events),
          .max_bytes = static_cast<std::size_t>(settings.memory_max_bytes)};
}

memory::RedisOptions redis_options(const Settings& settings) {
  return {.url = settings.memory_redis_url,
          .prefix = settings.memory_prefix,
          .agent = settings.agent_name,
          .max_sessions = static_cast<std::size_t>(settings.memory_max_sessions),
          .max_session_events = static_cast<std::size_t>(settings.memory_max_session_events),
          .ttl = std::chrono::duration_cast<std::chrono::seconds>(settings.memory_ttl),
          .strict = settings.strict};
}

Result<std::unique_ptr<memory::Memory>> make_memory(const Settings& settings) {
  switch (settings.memory()) {
    case MemoryType::none:
      return memory::null_memory();
    case MemoryType::redis:
      return memory::redis_memory(redis_options(settings));
    case MemoryType::local:
      break;
  }
  if (!settings.memory_path.empty()) return memory::sqlite_memory(settings.memory_path, local_options(settings));
  return memory::local_memory(local_options(settings));
}

Progress progress_of(ProgressStyle style) {
  switch (style) {
    case ProgressStyle::event:
      return Progress::event;
    case ProgressStyle::off:
      return Progress::off;
    case ProgressStyle::content:
      break;
  }
  return Progress::content;
}

ChatOptions chat_options(const Settings& settings, const AppOptions& options) {
  return {.agent_name = settings.agent_name,
          .readiness = options.readiness,
          .max_steps = static_cast<int>(settings.agentic_loop_max_steps),
          .context_limit = static_cast<std::size_t>(settings.memory_context_limit),
          .serial = settings.session_serial,
          .on_disconnect = settings.on_disconnect,
          .client_system = settings.client_system,
          .response_id = settings.response_id,
          .errors = settings.errors,
          .progress = progress_of(settings.progress),
          .reasoning = settings.reasoning,
          .strict_memory = settings.strict,
          .commit = settings.stream_commit,
          .budget = {.wall_clock = settings.run_timeout,
                     .tokens = settings.run_max_tokens,
                     .tool_calls = settings.run_max_tool_calls,
                     .steps = settings.run_max_steps}};
}

http::ServerOptions server_options(const Settings& settings, const AppOptions& options, http::Observer* observer,
                                   const std::shared_ptr<telemetry::Telemetry>& telemetry) {
  const auto size = [](std::int64_t value) { return static_cast<std::size_t>(value); };
  const auto size_or_none = [&](std::int64_t value) { return value == 0 ? kNoLimit : size(value); };
  const bool follows = telemetry && settings.otel_include_http_server;
  const std::size_t runs = settings.max_runs ? size(*settings.max_runs) : options.default_runs;
  return {.host = options.host,
          .port = options.port,
          .listens = options.listens,
          .limits = {.header_bytes = size_or_none(settings.max_header_bytes),
                     .header_count = size_or_none(settings.max_headers),
                     .target_bytes = size_or_none(settings.max_uri_bytes),
                     .body_bytes = size(settings.max_body_bytes),
                     .bodies_bytes = size(settings.max_bodies_bytes),
                     .connections = size_or_none(settings.max_connections),
                     .runs = runs,
                     .waiting = settings.queue_time.count() > 0 ? runs : 0,
                     .wait_for_run = settings.queue_time,
                     .header_time = settings.header_timeout,
                     .body_time = settings.body_timeout,
                     .idle_time = settings.idle_timeout,
                     .write_time = settings.write_timeout,
                     .keep_alive_comment = settings.sse_keepalive},
          .auth_required = settings.auth_required,
          .api_keys = settings.api_keys,
          .api_key_file = settings.api_key_file,
          .allowed_hosts = settings.allowed_hosts,
          .cors_origins = settings.cors_origins,
          .access_log = options.access_log,
          .observer = settings.metrics || settings.telemetry_on() ? observer : nullptr,
          .follower =
              follows ? std::make_shared<telemetry::RequestSpans>(telemetry, settings.otel_excluded_urls) : nullptr};
}

}  // namespace

Result<std::shared_ptr<memory::Memory>> open_memory(const Settings& settings) {
  auto memory = make_memory(settings);
  if (!memory) return memory.error().during("opening the session memory");
  return std::shared_ptr<memory::Memory>(*std::move(memory));
}

App::App(const Settings& settings, AppOptions options, std::shared_ptr<agent::Agent> agent,
         std::shared_ptr<memory::Memory> memory)
    : settings_(settings),
      options_(std::move(options)),
      agent_(settings_.mcp_required && options_.tools ? requiring_tools(std::move(agent), options_.tools)
                                                      : std::move(agent)),
      memory_(std::move(memory)),
      export_(telemetry::open_export(settings_, *metrics_)),
      telemetry_(export_ ? std::make_shared<telemetry::Telemetry>(settings_, export_) : nullptr),
      server_(http::Server::create(server_options(settings_, options_, &http_metrics_, telemetry_), routes())) {
  telemetry::observe_process(*metrics_, PAIS_VERSION);
  http_metrics_.watch(*server_);
  if (options_.tools) options_.tools->show_in(*metrics_);
  if (options_.calls) options_.calls->tell_to(telemetry_);
}

App::~App() {
  server_->stop();
  if (export_) export_->close();  // who logs may hold it for longer than there is a server to ask for numbers
}

std::vector<http::Route> App::routes() {
  const auto condition = [this] {
    Condition now;
    const Readiness::State state = options_.readiness->state();
    if (server_->draining()) {
      now.not_ready = "draining";
    } else if (state == Readiness::State::starting) {
      now.not_ready = "starting";
    } else if (state == Readiness::State::no_model) {
      now.not_ready = "model_not_configured";
    }
    if (!memory_->reachable()) now.degraded.emplace_back("memory");
    if (options_.tools) {
      for (std::string& away : options_.tools->degraded()) now.degraded.push_back(std::move(away));
    }
    return now;
  };
  ChatOptions chat_wishes = chat_options(settings_, options_);
  chat_wishes.telemetry = telemetry_;
  if (telemetry_ || settings_.metrics) chat_wishes.metrics = std::make_shared<telemetry::RunMetrics>(*metrics_);
  const auto chat = std::make_shared<ChatService>(std::move(chat_wishes), agent_, memory_);

  std::vector<http::Route> all = probe_routes(settings_.agent_name, condition);
  all.push_back({.method = "POST",
                 .pattern = "/v1/chat/completions",
                 .lane = http::Lane::run,
                 .handler = [chat](std::shared_ptr<http::Exchange> exchange) { chat->chat(std::move(exchange)); }});
  const auto add = [&](std::vector<http::Route> more) {
    all.insert(all.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
  };
  add(model_routes(settings_.agent_name));
  add(memory_routes(settings_.agent_name, memory_,
                    {.reach = settings_.memory_endpoints, .needs_key = settings_.auth_required}));
  add(card_routes({.name = settings_.agent_name,
                   .description = settings_.agent_description,
                   .version = PAIS_VERSION,
                   .url = {.fixed = settings_.agent_public_url, .trust_forwarded = settings_.trust_forwarded},
                   .port = [this] { return port(); },
                   .agent = agent_,
                   .tools = options_.tools,
                   .readiness = options_.readiness}));
  add(page_routes());
  add(ui_routes(settings_.ui));
  if (settings_.metrics) add({metrics_route(*metrics_)});
  return all;
}

Result<void> App::start() {
  return server_->start();
}

int App::port() const {
  return server_->port();
}

Result<void> App::adopt(int socket) {
  return server_->adopt(socket);
}

void App::drain() {
  if (drains_.exchange(true)) {
    if (export_) export_->hurry();
    return server_->stop();
  }
  server_->drain(settings_.drain_delay, settings_.shutdown_grace);
  if (export_) export_->flush(kLastWords);
}

std::string starting_line(const Settings& settings, int port, std::size_t own_tools) {
  const auto names = [](const auto& items, auto name_of) {
    std::string text;
    for (const auto& item : items) text.append(text.empty() ? "" : ", ").append(name_of(item));
    return text;
  };
  const bool local = settings.memory() == MemoryType::local;
  const std::string memory = settings.memory() == MemoryType::none ? "none" : local ? "local" : "redis";
  const std::string model = settings.debug_mock_responses.empty() ? settings.model_name : "scripted";
  return "AgentServer starting: name=" + settings.agent_name + " port=" + std::to_string(port) + " model=" + model +
         " memory=" + memory + " max_steps=" + std::to_string(settings.agentic_loop_max_steps) +
         " mcp_servers=" + std::to_string(settings.mcp.size()) + " sub_agents=[" +
         names(settings.sub_agents, [](const SubAgent& agent) { return agent.name; }) +
         "] otel=" + (settings.telemetry_on() ? "enabled" : "disabled") + " custom_tools=" + std::to_string(own_tools);
}

}  // namespace pais::server
