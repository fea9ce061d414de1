#include "bindings/python_host.h"

#include <utility>

#include "base/log.h"
#include "server/open_model.h"
#include "server/startup.h"

namespace pais::bindings {
namespace {

constexpr std::size_t kMostRuns = 256;  // of Python at once, where PAIS_MAX_RUNS says nothing

}  // namespace

std::variant<std::unique_ptr<PythonHost>, Problems> PythonHost::create(HostWish wish) {
  auto read = server::read_startup({.command_line = wish.settings,
                                    .env_file = wish.env_file,
                                    .fallback_name = wish.fallback_name,
                                    .brings_model = true});
  if (auto* problems = std::get_if<Problems>(&read)) return std::move(*problems);
  auto& loaded = std::get<Loaded>(read);
  server::open_log(loaded);
  return std::unique_ptr<PythonHost>(new PythonHost(std::move(wish), std::move(loaded)));
}

PythonHost::PythonHost(HostWish wish, Loaded loaded)
    : wish_(std::move(wish)),
      loaded_(std::move(loaded)),
      calls_(telemetry::call_spans(loaded_.settings)),
      model_(server::open_model(loaded_.settings, calls_)),
      tools_(server::open_tools(loaded_.settings, calls_)),
      readiness_(std::make_shared<server::Readiness>(server::Readiness::State::starting)),
      agent_(std::make_shared<PythonAgent>()) {
  agent_->use_model(model_);
  agent_->use_tools(std::make_shared<ToolCalls>(tools_->toolsets(), server::tool_limits(loaded_.settings)));
}

Result<void> PythonHost::start() {
  const Settings& settings = loaded_.settings;
  if (wish_.listens) server::raise_descriptor_limit();
  memory_ = wish_.memory;
  if (!memory_) {
    auto opened = server::open_memory(settings);
    if (!opened) return opened.error();
    memory_ = *std::move(opened);
  }
  app_ = std::make_unique<server::App>(
      settings,
      server::AppOptions{.host = settings.host,
                         .port = static_cast<int>(settings.agent_port),
                         .access_log = settings.agent_access_log.value_or(wish_.access_log),
                         .default_runs = kMostRuns,
                         .listens = wish_.listens,
                         .readiness = readiness_,
                         .tools = tools_,
                         .calls = calls_},
      agent_, memory_);
  return app_->start();
}

std::string PythonHost::url() const {
  return wish_.listens ? server::listening_url(loaded_.settings.host, app_->port()) : "";
}

void PythonHost::agent_is_ready(std::vector<tools::Tool> own_tools, bool has_model) {
  const std::size_t count = own_tools.size();
  agent_->set_own_tools(std::move(own_tools));
  const bool first = readiness_->state() == server::Readiness::State::starting;
  if (first) log::info("pais.server", server::starting_line(loaded_.settings, app_->port(), count));
  readiness_->set(has_model || model_ ? server::Readiness::State::ready : server::Readiness::State::no_model);
}

// A memory that was given stays open: it is the giver's.
PythonHost::~PythonHost() {
  app_.reset();
  if (memory_ && !wish_.memory) memory_->close();
}

Result<void> PythonHost::adopt(int socket) {
  return app_->adopt(socket);
}

void PythonHost::drain() {
  if (app_) app_->drain();
  const std::scoped_lock lock(closing_);  // the second call that ends the first comes here at the same moment
  agent_->close();
  tools_->close();
}

}  // namespace pais::bindings
