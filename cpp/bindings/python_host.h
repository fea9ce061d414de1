// One agent of Python on one HTTP server: settings, memory and model as for a native agent, and the agent's own side
// in `PythonAgent`.
//
// From any thread. What blocks says so: no caller of those may hold the GIL.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <variant>
#include <vector>

#include "base/settings.h"
#include "bindings/python_agent.h"
#include "memory/memory.h"
#include "model/model_source.h"
#include "server/app.h"
#include "server/open_tools.h"
#include "server/readiness.h"

namespace pais::bindings {

struct HostWish {
  std::map<std::string, std::string> settings = {};  // by variable; before the environment
  std::string env_file = {};
  std::string fallback_name = {};
  bool listens = true;
  bool access_log = true;                       // where AGENT_ACCESS_LOG says nothing
  std::shared_ptr<memory::Memory> memory = {};  // null: the one the settings ask for
};

class PythonHost {
 public:
  // Reads the settings and opens what they name; nothing listens yet.
  static std::variant<std::unique_ptr<PythonHost>, Problems> create(HostWish wish);

  // Blocks: opens the memory, listens. Turns that come are kept until the agent is ready.
  Result<void> start();
  // "" when it does not listen.
  std::string url() const;

  // The agent has been loaded, or loaded anew: its tools, and whether it can do without ours.
  void agent_is_ready(std::vector<tools::Tool> own_tools, bool has_model);

  ~PythonHost();
  PythonHost(const PythonHost&) = delete;
  PythonHost& operator=(const PythonHost&) = delete;

  Result<void> adopt(int socket);

  // Blocks until the last answer is out; a second call, from another thread, makes the first end at once.
  void drain();

  const std::shared_ptr<PythonAgent>& agent() const { return agent_; }
  // Once it has been started.
  const std::shared_ptr<memory::Memory>& memory() const { return memory_; }
  const Settings& settings() const { return loaded_.settings; }
  bool has_model() const { return model_ != nullptr; }
  // Once it has been started; null while telemetry is off.
  std::shared_ptr<const telemetry::Telemetry> telemetry() const { return app_ ? app_->telemetry() : nullptr; }
  std::shared_ptr<telemetry::Metrics> metrics() const { return app_->metrics(); }

 private:
  PythonHost(HostWish wish, Loaded loaded);

  const HostWish wish_;
  const Loaded loaded_;
  const std::shared_ptr<telemetry::CallSpans> calls_;  // null: nobody is told of them
  const std::shared_ptr<model::ModelSource> model_;
  const std::shared_ptr<server::HostTools> tools_;
  const std::shared_ptr<server::Readiness> readiness_;
  const std::shared_ptr<PythonAgent> agent_;
  std::shared_ptr<memory::Memory> memory_;
  std::unique_ptr<server::App> app_;
  std::mutex closing_;
};

}  // namespace pais::bindings
