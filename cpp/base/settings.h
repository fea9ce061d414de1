// Everything a deployment can say to the host, as typed values.
//
// One table (settings_table.cpp) binds each variable to its field here; reading, `--help` and docs/configuration.md
// all come from it. Reading is a pure function of its Sources: only `process_environment` and `read_env_file` look at
// the world. Parts of the host never see a Settings: they are given option structs of their own.
//
// A field is named after its variable, without PAIS_ and without the unit, which is in the type. Durations and sizes
// of 0 mean "no limit" unless the table says otherwise. Secrets are in here as they are: nothing of this may be logged
// but what `shown_settings` gives.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/log.h"
#include "base/result.h"

namespace pais {

enum class ToolCallMode { automatic, native, string };
enum class MemoryType { none, local, redis };
enum class ErrorStyle { json, text };
enum class ProgressStyle { content, event, off };
enum class ResponseId { session, chatcmpl };
enum class ClientSystem { ignore, append };
enum class OnDisconnect { cancel, finish };
enum class Reach { on, loopback, off };  // who gets to see a group of pages
enum class DelegationSession { none, same };
enum class OtelEventMode { attributes, logs };
enum class OtlpProtocol { grpc, http_protobuf, http_json };
enum class OtlpCompression { none, gzip };
enum class Sampler {
  always_on,
  always_off,
  ratio,
  parent_always_on,
  parent_always_off,
  parent_ratio,
};
enum class Signal { traces, metrics, logs };

using Pairs = std::vector<std::pair<std::string, std::string>>;

struct McpServer {
  std::string name;
  std::string url;     // whole, with its /mcp
  std::string token;   // of the Authorization header; empty: none
  Pairs headers = {};  // sent with every request, each perhaps a secret
};

struct SubAgent {
  std::string name;
  std::string url;      // without a slash at the end; may hold credentials
  std::string api_key;  // of the X-API-Key header; empty: none
};

// Where one signal goes. What is absent is left to the general variables, and then to the exporter.
struct OtlpTarget {
  std::optional<std::string> endpoint = {};
  std::optional<OtlpProtocol> protocol = {};
  std::optional<Pairs> headers = {};
  std::optional<std::chrono::milliseconds> timeout = {};
  std::optional<OtlpCompression> compression = {};
  std::optional<std::string> certificate = {};
  std::optional<std::string> client_key = {};
  std::optional<std::string> client_certificate = {};
  std::optional<bool> insecure = {};
};

struct BatchQueue {
  std::chrono::milliseconds schedule_delay{5'000};
  std::int64_t max_queue_size = 2048;
  std::int64_t max_export_batch_size = 512;
  std::chrono::milliseconds export_timeout{30'000};
};

struct Settings {
  using Milliseconds = std::chrono::milliseconds;

  // The agent
  std::string agent_name;
  std::string agent_description = "AI Agent";
  std::string agent_instructions = "You are a helpful assistant.";
  std::string agent_public_url;
  bool trust_forwarded = true;
  bool strict = false;

  // The model
  std::string model_api_url;  // ends in /v1
  std::string model_name;
  std::string model_api_key = "not-needed";
  ToolCallMode tool_call_mode = ToolCallMode::automatic;
  Milliseconds model_timeout{600'000};
  Milliseconds model_connect_timeout{10'000};
  Milliseconds model_first_token_timeout{0};
  Milliseconds model_idle_timeout{120'000};
  std::int64_t model_retries = 2;

  // A turn
  std::int64_t agentic_loop_max_steps = 5;
  Milliseconds run_timeout{0};
  std::int64_t run_max_tokens = 0;
  std::int64_t run_max_tool_calls = 0;
  std::int64_t run_max_steps = 0;  // handed on to other agents, as agentic_loop_max_steps is not
  std::int64_t tool_retries = 1;
  Milliseconds tool_timeout{300'000};
  std::int64_t tool_result_max_bytes = 1024 * 1024;
  bool session_serial = true;
  OnDisconnect on_disconnect = OnDisconnect::cancel;

  // Answers
  ErrorStyle errors = ErrorStyle::json;
  ProgressStyle progress = ProgressStyle::content;
  ResponseId response_id = ResponseId::session;
  ClientSystem client_system = ClientSystem::ignore;
  bool stream_intermediate = true;
  bool reasoning = false;
  Milliseconds sse_keepalive{15'000};
  Milliseconds stream_commit{30'000};

  // The HTTP server
  std::string host = "127.0.0.1";
  std::int64_t agent_port = 8000;
  Reach memory_endpoints = Reach::on;
  Reach ui = Reach::loopback;
  bool metrics = false;
  Milliseconds drain_delay{1'000};
  Milliseconds shutdown_grace{25'000};

  // Who may come in
  bool auth_required = false;
  std::vector<std::string> api_keys;
  std::string api_key_file;
  std::vector<std::string> allowed_hosts;
  std::vector<std::string> cors_origins;

  // Limits of the HTTP server
  std::int64_t max_body_bytes = 10 * 1024 * 1024;
  std::int64_t max_bodies_bytes = 256 * 1024 * 1024;
  std::int64_t max_header_bytes = 32 * 1024;
  std::int64_t max_headers = 100;
  std::int64_t max_uri_bytes = 8 * 1024;
  std::int64_t max_connections = 20'000;
  std::optional<std::int64_t> max_runs;  // absent: 4096, and 256 with a server.py
  Milliseconds queue_time{5'000};        // 0: nobody waits
  Milliseconds header_timeout{10'000};
  Milliseconds body_timeout{30'000};
  Milliseconds idle_timeout{75'000};
  Milliseconds write_timeout{30'000};

  // Tools from MCP servers
  std::vector<std::string> mcp_servers;  // as listed
  std::vector<McpServer> mcp;            // those of them that have an address, in the same order
  bool mcp_required = false;
  Milliseconds mcp_refresh{60'000};

  // Other agents
  std::string agent_sub_agents;          // as written
  std::vector<std::string> peer_agents;  // as listed
  std::vector<SubAgent> sub_agents;      // what one of the two amounts to
  Milliseconds delegation_timeout{60'000};
  DelegationSession delegation_session = DelegationSession::none;
  std::int64_t max_delegation_depth = 8;
  Milliseconds delegation_refresh{60'000};
  std::vector<std::string> delegation_allowed_hosts;

  // Memory
  bool memory_enabled = true;
  MemoryType memory_type = MemoryType::local;
  std::int64_t memory_context_limit = 6;
  std::int64_t memory_max_sessions = 1000;
  std::int64_t memory_max_session_events = 500;
  std::int64_t memory_max_bytes = 268'435'456;
  std::string memory_path;
  std::string memory_redis_url;
  std::string memory_prefix = "kaos:memory";
  Milliseconds memory_ttl = std::chrono::hours(24);

  // Logging
  std::optional<log::Level> log_level;
  std::optional<log::Level> agent_log_level;
  std::optional<bool> agent_access_log;  // absent: depends on how the host was started
  log::Format log_format = log::Format::text;

  // Telemetry
  bool otel_sdk_disabled = false;
  std::optional<bool> otel_enabled;
  std::string otel_service_name;
  Pairs otel_resource_attributes;
  OtlpTarget otlp;
  OtlpTarget otlp_traces;
  OtlpTarget otlp_metrics;
  OtlpTarget otlp_logs;
  Sampler otel_traces_sampler = Sampler::parent_always_on;
  std::optional<double> otel_traces_sampler_arg;
  BatchQueue otel_bsp;
  BatchQueue otel_blrp;
  Milliseconds otel_metric_export_interval{60'000};
  std::int64_t otel_instrumentation_version = 4;
  OtelEventMode otel_event_mode = OtelEventMode::attributes;
  bool otel_include_http_server = false;
  bool otel_include_http_client = false;
  std::vector<std::string> otel_excluded_urls = {"/health", "/ready"};
  std::string telemetry_file;
  bool otel_content = true;

  // For tests and demonstrations
  std::string debug_mock_responses;  // empty: a real model is asked
  Milliseconds mock_delay{0};

  bool model_configured() const;  // there is a model to ask, or a script
  MemoryType memory() const;      // what MEMORY_ENABLED and MEMORY_TYPE amount to
  log::Level level() const;       // what LOG_LEVEL and AGENT_LOG_LEVEL amount to
  std::string service_name() const;
  bool telemetry_on() const;

  // The signal's own variables over the general ones; for OTLP over HTTP the general endpoint has gained its path.
  OtlpTarget otlp_target(Signal signal) const;
};

struct EnvFile {
  std::string name;  // for messages and listings: ".env"
  std::string contents;
};

// All that is read from, the strongest first.
struct Sources {
  std::map<std::string, std::string> command_line = {};
  std::map<std::string, std::string> environment = {};
  std::vector<EnvFile> env_files = {};

  std::string fallback_name = {};  // of an agent that has none; PAIS_STRICT refuses it
  bool brings_model = false;       // the agent may have a model of its own, so that none need be configured
};

struct Loaded {
  Settings settings;
  std::map<std::string, std::string> origins;  // variable → "environment", ".env", "command line"
  std::vector<std::string> warnings;           // for the log, at WARNING
  std::vector<std::string> notes;              // for the log, at INFO
};

// Why there are no settings: every bad value, one line each.
struct Problems {
  std::vector<std::string> lines;
};

std::variant<Loaded, Problems> read_settings(const Sources& sources);

// One variable, or one address behind a name, as it may be shown: secrets and credentials are masked.
struct ShownSetting {
  std::string name;
  std::string value;
  std::string origin;
};
std::vector<ShownSetting> shown_settings(const Loaded& loaded);

std::string settings_help();       // for --help
std::string configuration_page();  // docs/configuration.md

std::map<std::string, std::string> process_environment();

// Nothing when there is no such file: a `.env` may be absent, what `--env-file` names may not. Code::invalid_setting
// when it cannot be read, or is over a megabyte.
Result<std::optional<EnvFile>> read_env_file(const std::string& path);

}  // namespace pais
