#include "host/command_line.h"

#include <array>
#include <string_view>
#include <utility>

#include "nlohmann/json.hpp"

#include "base/json.h"

namespace pais::host {
namespace {

struct Option {
  std::string_view name;
  std::string_view variable;
  std::string_view help;
};

constexpr std::array kOptions = {
    Option{"--host", "PAIS_HOST", "address to listen on"},
    Option{"--port", "AGENT_PORT", "port to listen on; 0 picks a free one"},
    Option{"--name", "AGENT_NAME", "name of the agent"},
    Option{"--model", "MODEL_NAME", "model to ask for"},
    Option{"--model-url", "MODEL_API_URL", "server of the model"},
    Option{"--log-level", "LOG_LEVEL", "TRACE, DEBUG, INFO, WARNING, ERROR or CRITICAL"},
    Option{"--progress", "PAIS_PROGRESS", "content, event or off"},
};

const Option* option_named(std::string_view name) {
  if (name == "-h") name = "--host";
  if (name == "-p") name = "--port";
  for (const Option& option : kOptions) {
    if (option.name == name) return &option;
  }
  return nullptr;
}

Error misused(std::string cause) {
  return Error{.code = Code::invalid_setting, .cause = std::move(cause)};
}

}  // namespace

Result<CommandLine> read_command_line(const std::vector<std::string>& words) {
  CommandLine line;
  nlohmann::json script = nlohmann::json::array();
  for (std::size_t i = 0; i < words.size(); ++i) {
    std::string name = words[i];
    std::string value;
    const std::size_t equals = name.starts_with("--") ? name.find('=') : std::string::npos;
    const bool attached = equals != std::string::npos;
    if (attached) {
      value = name.substr(equals + 1);
      name.resize(equals);
    }

    if (name == "--help") return CommandLine{.wish = CommandLine::Wish::help};
    if (name == "--version") return CommandLine{.wish = CommandLine::Wish::version};
    if (name == "--healthcheck") {
      line.wish = CommandLine::Wish::health_check;
      continue;
    }
    if (name == "--check") {
      line.wish = CommandLine::Wish::check;
      continue;
    }
    if (name == "--strict") {
      line.settings["PAIS_STRICT"] = "true";
      continue;
    }

    const Option* option = option_named(name);
    if (option == nullptr && name != "--env-file" && name != "--mock") return misused("no such option: " + name);
    if (!attached) {
      if (i + 1 == words.size()) return misused(name + " needs a value");
      value = words[++i];
    }
    if (name == "--env-file") {
      line.env_file = value;
    } else if (name == "--mock") {
      script.push_back(value);
    } else {
      line.settings[std::string(option->variable)] = value;
    }
  }
  if (!script.empty()) line.settings["DEBUG_MOCK_RESPONSES"] = dump_json(script);
  return line;
}

std::string usage() {
  std::string text =
      "Usage: pais-host [OPTIONS]\n\n"
      "Serves the agent that the environment declares.\n"
      "Example: AGENT_NAME=hello pais-host --mock 'Hello!' --port 8000\n\nOptions:\n";
  const auto line = [&](std::string_view name, std::string_view help) {
    text.append("  ").append(name).append(name.size() < 22 ? 22 - name.size() : 1, ' ').append(help).append("\n");
  };
  for (const Option& option : kOptions) {
    line(std::string(option.name) + " VALUE", std::string(option.help) + " (" + std::string(option.variable) + ")");
  }
  line("--mock TEXT", "answer with this instead of asking a model; repeat it for a script (DEBUG_MOCK_RESPONSES)");
  line("--env-file FILE", "read variables from this file too");
  line("--strict", "take warnings about settings as errors (PAIS_STRICT)");
  line("--check", "read the settings, print them and where they came from, and end");
  line("--healthcheck", "ask the host at AGENT_PORT for its health: exit 0 when it answers");
  line("--version", "print the version");
  line("--help", "print this");
  return text;
}

}  // namespace pais::host
