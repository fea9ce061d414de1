// pais-load: puts load on an HTTP server and tells how it took it.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>

#include "load/closed_loop.h"
#include "load/hold.h"
#include "load/open_loop.h"
#include "load/paired.h"
#include "load/report.h"
#include "load/streams.h"
#include "wire/arguments.h"

namespace pais::bench {
namespace {

constexpr const char* kUsage = R"(usage: pais-load MODE --url URL [options]

  closed   each of --clients 64 asks again as soon as it is answered
  open     --rate 500 requests a second, over at most --clients 256 connections
  paired   --url and --against in turn, one request at a time
  streams  --streams 100 at once, each of --tokens 50, started within --ramp 0 s
  hold     --idle 10000 and --half-sent 2000 connections, until standard input ends

  --body TEXT        POST this (JSON); --body-file FILE is for a long one, --body-bytes N makes one of N bytes;
                     without any it is a GET
  --vary N           ######## in the body is a number below N, another each time (closed, open, paired)
  --seconds 5        how long to measure, after --warm-up 1 (closed, open, paired)
  --threads 1        (closed)
  --json             one JSON object instead of lines
)";

std::chrono::milliseconds duration(double seconds) {
  return std::chrono::milliseconds(static_cast<long>(seconds * 1000));
}

Result<std::string> content_of(const std::string& path) {
  const std::ifstream file(path, std::ios::binary);
  if (!file) return Error{.code = Code::invalid_setting, .cause = "cannot read " + path};
  std::ostringstream content;
  content << file.rdbuf();
  return content.str();
}

Result<std::string> body_of(Arguments& arguments) {
  if (const auto file = arguments.text("body-file", ""); !file.empty()) return content_of(file);
  auto text = arguments.text("body", "");
  const auto bytes = arguments.number("body-bytes", 0, 0, 16 * 1024 * 1024);
  if (bytes == 0) return text;
  constexpr std::string_view kFrame = R"({"text":""})";
  const auto filling = std::max<long>(0, bytes - static_cast<long>(kFrame.size()));
  return R"({"text":")" + std::string(static_cast<std::size_t>(filling), 'x') + R"("})";
}

// What all modes are given.
struct Command {
  Arguments& arguments;
  std::string body;
  Target target;
  bool as_json = false;
};

template <typename Tally>
void print(const Tally& tally, bool as_json) {
  std::puts((as_json ? in_json(tally) : in_words(tally)).c_str());
}

// Runs the plan and prints what it came to.
template <typename Plan>
Result<void> carry_out(const Plan& plan, const Command& command) {
  if (auto verdict = command.arguments.verdict(); !verdict) return verdict;
  const auto tally = run(plan);
  if (!tally) return tally.error();
  print(*tally, command.as_json);
  return {};
}

Result<void> closed(Command& command) {
  const ClosedLoop plan{.target = command.target,
                        .clients = static_cast<int>(command.arguments.number("clients", 64, 1, 100'000)),
                        .threads = static_cast<int>(command.arguments.number("threads", 1, 1, 64)),
                        .warm_up = duration(command.arguments.seconds("warm-up", 1)),
                        .measure = duration(command.arguments.seconds("seconds", 5))};
  return carry_out(plan, command);
}

Result<void> open(Command& command) {
  const OpenLoop plan{.target = command.target,
                      .rate = static_cast<int>(command.arguments.number("rate", 500, 1, 1'000'000)),
                      .clients = static_cast<int>(command.arguments.number("clients", 256, 1, 100'000)),
                      .warm_up = duration(command.arguments.seconds("warm-up", 1)),
                      .measure = duration(command.arguments.seconds("seconds", 5))};
  return carry_out(plan, command);
}

Result<void> paired(Command& command) {
  auto against = target(command.arguments.text("against", ""), command.body);
  if (!against) return against.error();
  const Paired plan{.target = command.target,
                    .against = *against,
                    .warm_up = duration(command.arguments.seconds("warm-up", 1)),
                    .measure = duration(command.arguments.seconds("seconds", 5))};
  return carry_out(plan, command);
}

Result<void> streams(Command& command) {
  const Streams plan{.target = command.target,
                     .streams = static_cast<int>(command.arguments.number("streams", 100, 1, 100'000)),
                     .tokens = static_cast<std::size_t>(command.arguments.number("tokens", 50, 0, 1'000'000)),
                     .ramp = duration(command.arguments.seconds("ramp", 0))};
  return carry_out(plan, command);
}

Result<void> hold(Command& command) {
  const Hold plan{.target = command.target,
                  .idle = static_cast<int>(command.arguments.number("idle", 10'000, 0, 100'000)),
                  .half_sent = static_cast<int>(command.arguments.number("half-sent", 2'000, 0, 100'000))};
  if (auto verdict = command.arguments.verdict(); !verdict) return verdict;
  const auto tally = run(plan, [&] {
    std::printf("Holding %d idle and %d half-sent connections\n", plan.idle, plan.half_sent);
    std::fflush(stdout);
  });
  if (!tally) return tally.error();
  print(*tally, command.as_json);
  return {};
}

using Mode = Result<void> (*)(Command&);

Mode mode_named(std::string_view name) {
  if (name == "closed") return closed;
  if (name == "open") return open;
  if (name == "paired") return paired;
  if (name == "streams") return streams;
  if (name == "hold") return hold;
  return nullptr;
}

Result<void> main(Mode mode, int argc, char** argv) {
  Arguments arguments(argc, argv, 2);
  const bool as_json = arguments.flag("json");
  const auto body = body_of(arguments);
  if (!body) return body.error();
  auto asked = target(arguments.text("url", ""), *body);
  if (!asked) return asked.error();
  asked->vary = static_cast<std::size_t>(arguments.number("vary", 0, 0, 99'999'999));
  Command command{.arguments = arguments, .body = *body, .target = std::move(*asked), .as_json = as_json};
  return mode(command);
}

}  // namespace
}  // namespace pais::bench

int main(int argc, char** argv) {
  const auto mode = pais::bench::mode_named(argc > 1 ? argv[1] : "");
  if (mode == nullptr) {
    std::fputs(pais::bench::kUsage, stderr);
    return 2;
  }
  pais::bench::raise_file_limit();
  const auto done = pais::bench::main(mode, argc, argv);
  if (done) return 0;
  std::fprintf(stderr, "pais-load: %s\n", done.error().cause.c_str());
  return 1;
}
