// pais-fake-model: a model server at wire speed, for measuring what stands in front of it.
#include <cstdio>

#include "fake_model/server.h"
#include "wire/arguments.h"

namespace pais::bench {
namespace {

constexpr const char* kUsage = R"(pais-fake-model answers POST /v1/chat/completions, streamed or not.

  --host 127.0.0.1 --port 0      0 takes a free port
  --answer-bytes 64              length of a whole answer's text
  --tokens 50                    a streamed answer: so many tokens
  --think-ms 0                   before a whole answer
  --delay-ms 0                   between the tokens of a streamed one
  --tool-calls 0                 rounds of one tool call each before the answer
  --tool-name echo --tool-arguments '{}'
)";

Result<void> main(int argc, char** argv) {
  Arguments arguments(argc, argv, 1);
  const auto host = arguments.text("host", "127.0.0.1");
  const auto port = static_cast<int>(arguments.number("port", 0, 0, 65'535));
  const Pace pace{.answer = std::chrono::milliseconds(arguments.number("think-ms", 0, 0, 60'000)),
                  .token = std::chrono::milliseconds(arguments.number("delay-ms", 0, 0, 60'000))};
  const AnswerOptions options{
      .tokens = static_cast<std::size_t>(arguments.number("tokens", 50, 0, 100'000)),
      .answer_bytes = static_cast<std::size_t>(arguments.number("answer-bytes", 64, 0, 16 * 1024 * 1024)),
      .tool_calls = static_cast<std::size_t>(arguments.number("tool-calls", 0, 0, 1000)),
      .tool_name = arguments.text("tool-name", "echo"),
      .tool_arguments = arguments.text("tool-arguments", "{}")};
  if (auto verdict = arguments.verdict(); !verdict) return verdict;

  auto place = endpoint(host, port);
  if (!place) return place.error();
  auto listener = listen_on(*place);
  if (!listener) return listener.error();
  std::printf("Listening on http://%s:%d\n", host.c_str(), port_of(*listener));
  std::fflush(stdout);
  FakeModel(std::move(*listener), options, pace).serve();
}

}  // namespace
}  // namespace pais::bench

int main(int argc, char** argv) {
  pais::bench::raise_file_limit();
  const auto failed = pais::bench::main(argc, argv);
  std::fprintf(stderr, "pais-fake-model: %s\n%s", failed.error().cause.c_str(), pais::bench::kUsage);
  return 2;
}
