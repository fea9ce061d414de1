#include "base/settings_table.h"

#include <algorithm>

#include "base/settings_endpoints.h"
#include "base/settings_kinds.h"

namespace pais::settings {
namespace {

constexpr std::int64_t kKibibyte = 1024;
constexpr Range kBytes{0, kTebibyte};

bool is_web_url(std::string_view text) {
  return is_url(text, {"http", "https"});
}
bool is_redis_url(std::string_view text) {
  return is_url(text, {"redis", "rediss", "unix"});
}

// A host or address, perhaps with a port, a range of addresses, or a name with its subdomains.
bool is_host_pattern(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    const bool letter_or_digit = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    return letter_or_digit || std::string_view("-._:/[]*").find(c) != std::string_view::npos;
  });
}

Group the_agent() {
  using S = Settings;
  return {"The agent",
          {by_default("required", line("AGENT_NAME", &S::agent_name, "Name in probes, card, spans and answers")),
           prose("AGENT_DESCRIPTION", &S::agent_description, "What the agent is for; in its card"),
           prose("AGENT_INSTRUCTIONS", &S::agent_instructions,
                 "What a declared agent is told first; empty: nothing. An agent in server.py keeps its own"),
           url(text("AGENT_PUBLIC_URL", &S::agent_public_url, "an http:// or https:// URL", is_web_url,
                    "Address in the card; without it, the one the request was sent to")),
           flag("PAIS_TRUST_FORWARDED", &S::trust_forwarded,
                "Take the card's address from Forwarded and X-Forwarded-* headers"),
           flag("PAIS_STRICT", &S::strict, "Do not start where a warning about a setting would do")}};
}

Group the_model() {
  using S = Settings;
  const auto parse_model_url = [](std::string_view value) -> Parsed<std::string> {
    if (value.empty()) return std::string();
    if (!is_web_url(value)) return Objected{"is not an http:// or https:// URL"};
    if (value.find('#') != std::string_view::npos) return Objected{"has a fragment, which no server is ever told"};
    constexpr std::string_view kPastedWhole = "/chat/completions";
    std::string url(value);
    const auto path_end = std::min(url.find('?'), url.size());
    if (value.substr(0, path_end).ends_with(kPastedWhole)) {
      url.erase(path_end - kPastedWhole.size(), kPastedWhole.size());
    }
    return completed_url(url, "/v1");
  };
  const std::vector<Named<ToolCallMode>> modes = {
      {"auto", ToolCallMode::automatic}, {"native", ToolCallMode::native}, {"string", ToolCallMode::string}};
  return {"The model",
          {url(row("MODEL_API_URL", &S::model_api_url, "an http:// or https:// URL",
                   "Server of the OpenAI API; /v1 is added where it is missing", parse_model_url, kShow)),
           line("MODEL_NAME", &S::model_name, "Model to ask for"),
           credential("MODEL_API_KEY", &S::model_api_key, "Sent to the model's server as a bearer token"),
           lenient(choice("TOOL_CALL_MODE", &S::tool_call_mode, modes,
                          "How tools are offered: by function calling, or by text for models that have none")),
           span_of_time("PAIS_MODEL_TIMEOUT_SECONDS", &S::model_timeout, kSeconds, kAnyTime,
                        "Limit of a whole call of the model; 0: none"),
           span_of_time("PAIS_MODEL_CONNECT_TIMEOUT_SECONDS", &S::model_connect_timeout, kSeconds, kAnyTime,
                        "Limit of connecting to the model's server; 0: none"),
           span_of_time("PAIS_MODEL_FIRST_TOKEN_TIMEOUT_SECONDS", &S::model_first_token_timeout, kSeconds, kAnyTime,
                        "Limit of the wait for the first token of a streamed answer; 0: none of its own"),
           span_of_time("PAIS_MODEL_IDLE_TIMEOUT_SECONDS", &S::model_idle_timeout, kSeconds, kAnyTime,
                        "Limit of silence within a streamed answer; 0: none"),
           whole("PAIS_MODEL_RETRIES", &S::model_retries, {0, 20},
                 "How often a failed call is repeated, before anything of the answer was passed on")}};
}

Group a_turn() {
  using S = Settings;
  const std::vector<Named<OnDisconnect>> on_disconnect = {{"cancel", OnDisconnect::cancel},
                                                          {"finish", OnDisconnect::finish}};
  return {
      "A turn",
      {whole("AGENTIC_LOOP_MAX_STEPS", &S::agentic_loop_max_steps, {1, 10'000},
             "Model requests in a turn, the final answer included"),
       span_of_time("PAIS_RUN_TIMEOUT_SECONDS", &S::run_timeout, kSeconds, kAnyTime, "Limit of a whole turn; 0: none"),
       whole("PAIS_RUN_MAX_TOKENS", &S::run_max_tokens, {0, kTebibyte}, "Tokens a turn may use; 0: no limit"),
       whole("PAIS_RUN_MAX_TOOL_CALLS", &S::run_max_tool_calls, kCount, "Tool calls in a turn; 0: no limit"),
       whole("PAIS_RUN_MAX_STEPS", &S::run_max_steps, kCount,
             "Model requests in a turn; what is left of them is told to the agents it delegates to; 0: no limit"),
       whole("PAIS_TOOL_RETRIES", &S::tool_retries, {0, 100},
             "How often the model may correct a wrong call of one tool"),
       span_of_time("PAIS_TOOL_TIMEOUT_SECONDS", &S::tool_timeout, kSeconds, kAnyTime,
                    "Limit of a tool call; the model is told; 0: none"),
       whole("PAIS_TOOL_RESULT_MAX_BYTES", &S::tool_result_max_bytes, {kKibibyte, kTebibyte},
             "Longer results of tools are cut, with a mark that says so"),
       flag("PAIS_SESSION_SERIAL", &S::session_serial, "Turns of one session wait for each other"),
       choice("PAIS_ON_DISCONNECT", &S::on_disconnect, on_disconnect,
              "Cancel the turn of a client that hangs up, or let it finish and be remembered")}};
}

Group answers() {
  using S = Settings;
  return {
      "Answers",
      {choice<ErrorStyle>("PAIS_ERRORS", &S::errors, {{"json", ErrorStyle::json}, {"text", ErrorStyle::text}},
                          "Failures as errors with a status, or as the text of a normal answer"),
       choice<ProgressStyle>(
           "PAIS_PROGRESS", &S::progress,
           {{"content", ProgressStyle::content}, {"event", ProgressStyle::event}, {"off", ProgressStyle::off}},
           "Progress in streams: as content, as events named progress, or not at all"),
       choice<ResponseId>("PAIS_RESPONSE_ID", &S::response_id,
                          {{"session", ResponseId::session}, {"chatcmpl", ResponseId::chatcmpl}},
                          "The id of an answer: its session, or one of its own"),
       choice<ClientSystem>("PAIS_CLIENT_SYSTEM", &S::client_system,
                            {{"ignore", ClientSystem::ignore}, {"append", ClientSystem::append}},
                            "System messages of a request: ignored, or added after the instructions"),
       flag("PAIS_STREAM_INTERMEDIATE", &S::stream_intermediate, "Stream the text a model writes beside tool calls"),
       flag("PAIS_REASONING", &S::reasoning, "Pass a model's reasoning on as reasoning_content"),
       span_of_time("PAIS_SSE_KEEPALIVE_SECONDS", &S::sse_keepalive, kSeconds, kAnyTime,
                    "Silence in a stream after which a comment line is sent; 0: never"),
       span_of_time("PAIS_STREAM_COMMIT_SECONDS", &S::stream_commit, kSeconds, kAnyTime,
                    "How long a stream that has nothing to send yet keeps its status back; 0: not at all")}};
}

Group the_server() {
  using S = Settings;
  const std::vector<Named<Reach>> reach = {{"on", Reach::on}, {"loopback", Reach::loopback}, {"off", Reach::off}};
  return {
      "The HTTP server",
      {never_empty(text("PAIS_HOST", &S::host, "a host name or address", is_host,
                        "Where to listen; container images say 0.0.0.0")),
       whole("AGENT_PORT", &S::agent_port, {0, 65535}, "Port to listen on; 0: any free one"),
       choice(
           "PAIS_MEMORY_ENDPOINTS", &S::memory_endpoints, reach,
           "Who may read and delete conversations under /memory: everybody who reaches the port, this machine, nobody"),
       choice("PAIS_UI", &S::ui, reach, "Who gets the chat page /ui"),
       flag("PAIS_METRICS", &S::metrics, "Serve /metrics in the Prometheus format"),
       span_of_time("PAIS_DRAIN_DELAY_SECONDS", &S::drain_delay, kSeconds, kAnyTime,
                    "At SIGTERM: how long new connections are still taken while /ready says 503"),
       span_of_time("PAIS_SHUTDOWN_GRACE_SECONDS", &S::shutdown_grace, kSeconds, kAnyTime,
                    "At SIGTERM: how long running turns have to end")}};
}

Group who_may_come_in() {
  using S = Settings;
  const auto parse_keys = [](std::string_view value) -> Parsed<std::vector<std::string>> {
    auto keys = split_at_commas(value);
    if (std::all_of(keys.begin(), keys.end(), is_header_safe)) return keys;
    return Objected{"is not a list of visible ASCII characters"};
  };
  return {"Who may come in",
          {flag("AGENT_AUTH_REQUIRED", &S::auth_required, "Ask for an API key on every route but probes and the card"),
           row("AGENT_API_KEY", &S::api_keys, "keys by commas", "The keys that are taken", parse_keys, kShow),
           line("AGENT_API_KEY_FILE", &S::api_key_file,
                "File of more keys, one a line, at most 1 MiB; read again when it changes. While it cannot be "
                "read, also when it is gone, the keys last read stay"),
           list("PAIS_ALLOWED_HOSTS", &S::allowed_hosts, "host names", is_host,
                "Hosts that a server bound to loopback answers for, beside loopback itself"),
           list("PAIS_CORS_ORIGINS", &S::cors_origins, "origins such as https://app.example, or *", is_origin,
                "Web pages of other origins that may use this server")}};
}

Group limits() {
  using S = Settings;
  return {"Limits of the HTTP server",
          {whole("PAIS_MAX_BODY_BYTES", &S::max_body_bytes, kBytes, "Longest request body; 0: no limit"),
           whole("PAIS_MAX_BODIES_BYTES", &S::max_bodies_bytes, kBytes,
                 "Request bodies held at once; a request over it is answered 503; 0: no limit"),
           whole("PAIS_MAX_HEADER_BYTES", &S::max_header_bytes, kBytes, "All headers of a request; 0: no limit"),
           whole("PAIS_MAX_HEADERS", &S::max_headers, kCount, "Number of headers of a request; 0: no limit"),
           whole("PAIS_MAX_URI_BYTES", &S::max_uri_bytes, kBytes, "Longest request target; 0: no limit"),
           whole("PAIS_MAX_CONNECTIONS", &S::max_connections, kCount,
                 "Connections at once, as far as the process's descriptors go, of which a quarter (64 to 1024) is kept "
                 "for the work itself; 0: no other limit"),
           by_default("4096; with a server.py 256",
                      whole("PAIS_MAX_RUNS", &S::max_runs, kCount, "Turns at once, and as many waiting; 0: no limit")),
           span_of_time("PAIS_QUEUE_SECONDS", &S::queue_time, kSeconds, kAnyTime,
                        "How long a request waits for its turn before it is answered 429; 0: not at all"),
           span_of_time("PAIS_HEADER_TIMEOUT_SECONDS", &S::header_timeout, kSeconds, kAnyTime,
                        "Limit of sending the headers of a request; 0: none"),
           span_of_time("PAIS_BODY_TIMEOUT_SECONDS", &S::body_timeout, kSeconds, kAnyTime,
                        "Limit of sending the body of a request; 0: none"),
           span_of_time("PAIS_IDLE_TIMEOUT_SECONDS", &S::idle_timeout, kSeconds, kAnyTime,
                        "How long a connection is kept between requests; 0: for ever"),
           span_of_time("PAIS_WRITE_TIMEOUT_SECONDS", &S::write_timeout, kSeconds, kAnyTime,
                        "How long a client may take nothing of its answer; 0: for ever")}};
}

Group mcp() {
  using S = Settings;
  return {
      "Tools from MCP servers",
      {list("MCP_SERVERS", &S::mcp_servers, "names", is_one_line, "The servers; each needs its MCP_SERVER_<name>_URL"),
       flag("PAIS_MCP_REQUIRED", &S::mcp_required, "Fail turns while a server cannot be reached"),
       span_of_time("PAIS_MCP_REFRESH_SECONDS", &S::mcp_refresh, kSeconds, kAnyTime,
                    "How often lists of tools are read again; 0: only when a server says so")}};
}

// Shown from what was understood of it: text that was not could be half of a password.
std::string shown_sub_agents(const Settings& settings) {
  std::string shown;
  if (settings.agent_sub_agents.empty()) return shown;
  for (const SubAgent& each : settings.sub_agents) {
    shown += (shown.empty() ? "" : ",") + each.name + ":" + mask_url(each.url);
  }
  return shown;
}

Group other_agents() {
  using S = Settings;
  Variable sub_agents = line("AGENT_SUB_AGENTS", &S::agent_sub_agents,
                             "Agents to delegate to, as name:url,name:url; wins over PEER_AGENTS as a whole");
  sub_agents.accepts = "name:url by commas";
  sub_agents.show = shown_sub_agents;
  return {"Other agents",
          {std::move(sub_agents),
           list("PEER_AGENTS", &S::peer_agents, "names", is_one_line,
                "Agents to delegate to; each needs its PEER_AGENT_<NAME>_CARD_URL"),
           span_of_time("PAIS_DELEGATION_TIMEOUT_SECONDS", &S::delegation_timeout, kSeconds, kAnyTime,
                        "Limit of a delegated task; 0: none"),
           choice<DelegationSession>("PAIS_DELEGATION_SESSION", &S::delegation_session,
                                     {{"none", DelegationSession::none}, {"same", DelegationSession::same}},
                                     "Whether another agent keeps one conversation for all turns of a session"),
           whole("PAIS_MAX_DELEGATION_DEPTH", &S::max_delegation_depth, {1, 100},
                 "How many agents may delegate one after another"),
           span_of_time("PAIS_DELEGATION_REFRESH_SECONDS", &S::delegation_refresh, kSeconds, kAnyTime,
                        "How often the cards of other agents are read again; 0: only after failures"),
           list("PAIS_DELEGATION_ALLOWED_HOSTS", &S::delegation_allowed_hosts, "names, addresses or ranges",
                is_host_pattern,
                "The only hosts tasks are sent to; empty: any but link-local addresses and those of cloud metadata")}};
}

Group the_memory() {
  using S = Settings;
  const std::vector<Named<MemoryType>> types = {{"local", MemoryType::local},
                                                {"redis", MemoryType::redis},
                                                {"null", MemoryType::none},
                                                {"none", MemoryType::none},
                                                {"off", MemoryType::none}};
  return {
      "Memory",
      {flag("MEMORY_ENABLED", &S::memory_enabled, "Remember conversations"),
       lenient(choice("MEMORY_TYPE", &S::memory_type, types, "Where conversations are kept")),
       whole("MEMORY_CONTEXT_LIMIT", &S::memory_context_limit, kCount, "Earlier messages a turn is told about; 0: all"),
       whole("MEMORY_MAX_SESSIONS", &S::memory_max_sessions, kFromOne,
             "Conversations kept; the least recent ones go first"),
       whole("MEMORY_MAX_SESSION_EVENTS", &S::memory_max_session_events, kFromOne,
             "Events kept of a conversation; the oldest go first"),
       whole("MEMORY_MAX_BYTES", &S::memory_max_bytes, {64 * kKibibyte, kTebibyte},
             "What local memory may take altogether"),
       line("MEMORY_PATH", &S::memory_path, "File that keeps local memory over restarts; empty: none"),
       url(text("MEMORY_REDIS_URL", &S::memory_redis_url, "a redis://, rediss:// or unix:// URL", is_redis_url,
                "The Redis server, as redis://user:password@host:6379/0")),
       never_empty(line("PAIS_MEMORY_PREFIX", &S::memory_prefix, "What all keys in Redis begin with")),
       span_of_time("PAIS_MEMORY_TTL_HOURS", &S::memory_ttl, kHours,
                    {std::chrono::seconds(36), std::chrono::days(3650)},
                    "How long Redis keeps a conversation after its last event")}};
}

Group logging() {
  using S = Settings;
  const std::vector<Named<log::Level>> levels = {{"TRACE", log::Level::trace},      {"DEBUG", log::Level::debug},
                                                 {"INFO", log::Level::info},        {"WARNING", log::Level::warning},
                                                 {"WARN", log::Level::warning},     {"ERROR", log::Level::error},
                                                 {"CRITICAL", log::Level::critical}};
  return {"Logging",
          {by_default("INFO", lenient(choice("LOG_LEVEL", &S::log_level, levels, "Least level that is logged"))),
           lenient(choice("AGENT_LOG_LEVEL", &S::agent_log_level, levels, "The same, where LOG_LEVEL is not set")),
           by_default("false; `pais run`: true",
                      flag("AGENT_ACCESS_LOG", &S::agent_access_log, "Log a line for each request")),
           choice<log::Format>("PAIS_LOG_FORMAT", &S::log_format,
                               {{"text", log::Format::text}, {"json", log::Format::json}},
                               "Log lines as text, or as JSON objects with request, session, run and trace id")}};
}

Group tests_and_demonstrations() {
  using S = Settings;
  Variable script = prose("DEBUG_MOCK_RESPONSES", &S::debug_mock_responses,
                          "Answers to give instead of asking a model: a JSON array, or one text. Not read from files");
  script.accepts = "JSON array or text";
  script.environment_only = true;
  return {"Tests and demonstrations",
          {std::move(script), span_of_time("PAIS_MOCK_DELAY_MS", &S::mock_delay, kMilliseconds, kAnyTime,
                                           "Pause before each word of such an answer in a stream")}};
}

}  // namespace

const std::vector<Group>& groups() {
  static const std::vector<Group> all = {
      the_agent(), the_model(),    a_turn(),     answers(), the_server(), who_may_come_in(),         limits(),
      mcp(),       other_agents(), the_memory(), logging(), telemetry(),  tests_and_demonstrations()};
  return all;
}

}  // namespace pais::settings
