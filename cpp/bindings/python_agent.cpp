#include "bindings/python_agent.h"

#include <optional>
#include <sys/eventfd.h>
#include <unistd.h>
#include <utility>
#include <variant>

namespace pais::bindings {
namespace {

// How long a stopped run is given to say how it ended.
constexpr auto kFarewell = std::chrono::seconds(2);

events::TurnEnded ended(Code code, std::string cause) {
  return {.text = {}, .usage = {}, .error = Error{.code = code, .cause = std::move(cause)}};
}

}  // namespace

PythonAgent::PythonAgent() : bell_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {}

PythonAgent::~PythonAgent() {
  if (bell_ >= 0) ::close(bell_);
}

void PythonAgent::run(const agent::RunRequest& request, events::RunSink& sink, std::stop_token stop) {
  sink.emit(events::TurnStarted{.prompt = request.prompt, .delegated = request.delegated});
  const auto run = std::make_shared<Run>();
  RunNumber number = 0;
  {
    const std::scoped_lock lock(mutex_);
    number = ++last_;
    runs_.emplace(number, run);
  }
  leave({.run = number, .session_id = sink.identity().session_id, .request = request});

  std::optional<std::chrono::steady_clock::time_point> patience;
  for (bool over = false; !over;) {
    std::deque<events::Happening> told;
    {
      std::unique_lock lock(run->mutex);
      const auto something = [&] { return !run->told.empty(); };
      if (!patience) {
        run->changed.wait(lock, stop, something);
      } else if (!run->changed.wait_until(lock, *patience, something)) {
        run->told.emplace_back(ended(Code::cancelled, "the agent's loop does not answer"));
      }
      told.swap(run->told);
    }
    for (events::Happening& what : told) {
      over = over || std::holds_alternative<events::TurnEnded>(what);
      sink.emit(std::move(what));
    }
    if (!over && !patience && stop.stop_requested()) {
      patience = std::chrono::steady_clock::now() + kFarewell;
      leave({.run = number, .cancel = true});
    }
  }
  const std::scoped_lock lock(mutex_);
  runs_.erase(number);
}

void PythonAgent::leave(Message message) {
  const RunNumber run = message.run;
  bool closed = false;
  {
    const std::scoped_lock lock(mutex_);
    closed = closed_;
    if (!closed) messages_.push_back(std::move(message));
  }
  if (!closed) {
    ::eventfd_write(bell_, 1);
  } else {
    tell(run, ended(Code::draining, "the agent's loop has ended"));
  }
}

std::vector<Message> PythonAgent::take() {
  eventfd_t rings = 0;
  ::eventfd_read(bell_, &rings);
  const std::scoped_lock lock(mutex_);
  return std::exchange(messages_, {});
}

void PythonAgent::tell(RunNumber number, events::Happening what) {
  std::shared_ptr<Run> run;
  {
    const std::scoped_lock lock(mutex_);
    const auto found = runs_.find(number);
    if (found == runs_.end()) return;
    run = found->second;
  }
  {
    const std::scoped_lock lock(run->mutex);
    run->told.push_back(std::move(what));
  }
  run->changed.notify_one();
}

void PythonAgent::close() {
  std::vector<RunNumber> left;
  {
    const std::scoped_lock lock(mutex_);
    closed_ = true;
    messages_.clear();
    for (const auto& [number, run] : runs_) left.push_back(number);
  }
  for (const RunNumber number : left) tell(number, ended(Code::draining, "the agent's loop has ended"));
}

}  // namespace pais::bindings
