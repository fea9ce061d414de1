// A process that tells telemetry what a test asks it to, a command a line; each is answered by one line that begins
// with "> ". Its environment is that of a host. tests/py/telemetry_driver.py speaks to it.
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

#include "base/settings.h"
#include "telemetry/metrics.h"
#include "telemetry/open_export.h"
#include "telemetry/span_writer.h"

namespace {

using namespace pais::telemetry;
using std::chrono::milliseconds;

constexpr TraceId kTrace = {0x0a, 0xf7, 0x65, 0x19, 0x16, 0xcd, 0x43, 0xdd,
                            0x84, 0x48, 0xeb, 0x21, 0x1c, 0x80, 0x31, 9};
constexpr SpanId kSpan = {0xb7, 0xad, 0x6b, 0x71, 0x69, 0x20, 0x33, 0x31};
constexpr SpanId kParent = {0x00, 0xf0, 0x67, 0xaa, 0x0b, 0xa9, 0x02, 0xb7};
const Time kStart = Time(std::chrono::seconds(1'790'000'000)) + std::chrono::nanoseconds(123'456'789);

const Metric kSent = {"test.sent", Metric::Kind::counter, "{thing}", "Things sent."};
const Metric kOpen = {"test.open", Metric::Kind::up_down, "", "Things open."};
const Metric kTook = {"test.took", Metric::Kind::histogram, "s", "Time taken.", {"a library", "4.2"}};

Span span(std::string name) {
  return {.scope = {"pydantic-ai", "2.68.0"},
          .trace_id = kTrace,
          .span_id = kSpan,
          .name = std::move(name),
          .start = kStart,
          .end = kStart + milliseconds(1500)};
}

// A value in every field that a span has.
Span full_span() {
  Span full = span("chat gpt");
  full.parent_span_id = kParent;
  full.trace_state = "vendor=1";
  full.kind = Span::Kind::client;
  full.status = Span::Status::error;
  full.status_message = "ModelError: no";
  full.attributes = {{"text", "grüße"},
                     {"empty", ""},
                     {"flag", false},
                     {"whole", std::int64_t{-7}},
                     {"half", 0.5},
                     {"list", std::vector<std::string>{"stop", "length"}},
                     {"nothing", std::vector<std::string>{}},
                     {"broken", std::string("a\xff\xc3z")},
                     {"long", std::string(70'000, 'x')}};
  full.events = {{"exception", kStart + milliseconds(3), {{"exception.type", "ModelError"}}}};
  full.links = {{kTrace, kParent, {{"why", "retry"}}}};
  return full;
}

Span crowded_span() {
  Span crowded = span("crowded");
  for (int i = 0; i < 200; ++i) crowded.attributes.emplace_back("key" + std::to_string(i), std::int64_t{i});
  crowded.events.resize(130, Span::Event{"tick", kStart, {}});
  crowded.links.resize(131, Span::Link{kTrace, kParent, {}});
  return crowded;
}

LogRecord record(std::string body) {
  return {.scope = {"pais"},
          .time = kStart,
          .severity = 13,
          .severity_text = "WARNING",
          .body = std::move(body),
          .trace_id = kTrace,
          .span_id = kSpan,
          .attributes = {{"logger_name", "pais.server"}}};
}

std::uint64_t resident_kilobytes() {
  std::ifstream statm("/proc/self/statm");
  std::uint64_t size = 0;
  std::uint64_t resident = 0;
  statm >> size >> resident;
  return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)) / 1024;
}

class Driver {
 public:
  explicit Driver(const pais::Settings& settings) : exporter_(open_export(settings, metrics_)) {}

  void run() {
    say(exporter_ ? "on" : "off");
    for (std::string line; std::getline(std::cin, line);) {
      std::istringstream words(line);
      std::string command;
      words >> command;
      say(answer(command, words));
    }
  }

 private:
  static void say(const std::string& text) { std::cout << "> " << text << std::endl; }

  std::string answer(const std::string& command, std::istream& words) {
    if (command == "span") return tell(span(next(words)));
    if (command == "full-span") return tell(full_span());
    if (command == "crowded-span") return tell(crowded_span());
    if (command == "log") return tell(record(next(words)));
    if (command == "spans") return many(words);
    if (command == "measure") return measure();
    if (command == "flush") return exporter_->flush(milliseconds(number(words))) ? "flushed" : "not flushed";
    if (command == "dropped") return std::to_string(dropped(next(words)));
    if (command == "resident") return std::to_string(resident_kilobytes());
    if (command == "fork") return fork();
    if (command == "end") return end();
    return "what?";
  }

  static std::string next(std::istream& words) {
    std::string word;
    words >> word;
    return word;
  }
  static std::size_t number(std::istream& words) {
    std::size_t value = 0;
    words >> value;
    return value;
  }

  std::string tell(const Span& span) {
    pais::telemetry::tell(*exporter_, span);
    return "told";
  }
  std::string tell(const LogRecord& record) {
    exporter_->take(record);
    return "told";
  }

  // So many, each with a text of so many bytes. Says how long the slowest took, in microseconds.
  std::string many(std::istream& words) {
    const std::size_t count = number(words);
    const std::size_t bytes = number(words);
    std::chrono::steady_clock::duration slowest{};
    for (std::size_t i = 0; i < count; ++i) {
      Span one = span("span-" + std::to_string(i));
      one.attributes.emplace_back("text", std::string(bytes, 'x'));
      const auto begun = std::chrono::steady_clock::now();
      pais::telemetry::tell(*exporter_, one);
      slowest = std::max(slowest, std::chrono::steady_clock::now() - begun);
    }
    return std::to_string(std::chrono::duration_cast<std::chrono::microseconds>(slowest).count());
  }

  std::string measure() {
    metrics_.counter(kSent, {{"kind", "good"}}).add(3);
    metrics_.sum(kOpen).add(-2.5);
    metrics_.histogram(kTook, {}, {0.1, 1}).record(0.5, kTrace, kSpan);
    metrics_.observe({"test.level", Metric::Kind::gauge, "By", "A level."}, [] { return 7.5; });
    return "measured";
  }

  std::uint64_t dropped(const std::string& signal) {
    const Metric metric = {"pais.telemetry.dropped", Metric::Kind::counter, "", ""};
    return metrics_.counter(metric, {{"signal", signal}}).value();
  }

  // A child that tells a span, flushes, and ends as a program does. Says how it ended.
  std::string fork() {
    const pid_t child = ::fork();
    if (child == 0) {
      tell(span("of-the-child"));
      const bool flushed = exporter_->flush(milliseconds(10'000));
      exporter_.reset();
      std::_Exit(flushed ? 1 : 77);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? std::to_string(WEXITSTATUS(status)) : "killed";
  }

  std::string end() {
    const auto begun = std::chrono::steady_clock::now();
    exporter_.reset();
    return std::to_string(std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - begun).count());
  }

  Metrics metrics_;
  std::shared_ptr<Export> exporter_;
};

}  // namespace

int main() {
  std::signal(SIGPIPE, SIG_IGN);
  const auto loaded = pais::read_settings({.environment = pais::process_environment()});
  if (const auto* problems = std::get_if<pais::Problems>(&loaded)) {
    for (const std::string& line : problems->lines) std::cout << line << std::endl;
    return 2;
  }
  Driver(std::get<pais::Loaded>(loaded).settings).run();
  return 0;
}
