#include "base/log.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

#include "nlohmann/json.hpp"

#include "base/clock.h"

namespace pais::log {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;
using ::testing::StartsWith;

// While it lives, stdout is the writing end of what `ends` holds: the log is watched through its real door. What the
// test framework itself prints goes there, too, so expectations wait until it is gone.
class Stdout {
 public:
  explicit Stdout(std::array<int, 2> ends) : reader_(ends[0]), writer_(ends[1]), saved_(dup(STDOUT_FILENO)) {
    std::fflush(stdout);
    dup2(writer_, STDOUT_FILENO);
  }
  ~Stdout() {
    restore();
    hang_up();
    close(writer_);
    close(saved_);
    configure({});
  }
  Stdout(const Stdout&) = delete;
  Stdout& operator=(const Stdout&) = delete;

  static std::array<int, 2> pipe_ends() {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) std::abort();
    return ends;
  }

  static std::array<int, 2> terminal_ends() {
    const int master = posix_openpt(O_RDWR | O_NOCTTY);
    if (master < 0 || grantpt(master) != 0 || unlockpt(master) != 0) std::abort();
    return {master, open(ptsname(master), O_RDWR | O_NOCTTY)};
  }

  void restore() { dup2(saved_, STDOUT_FILENO); }

  void hang_up() {
    if (reader_ >= 0) close(reader_);
    reader_ = -1;
  }

  // All there is to read just now.
  std::string read_all() {
    std::string text;
    while (waits_within(std::chrono::milliseconds(0)) && read_some(text)) {
    }
    return text;
  }

  // A terminal hands its text on in its own time.
  std::string read_line() {
    std::string text;
    while (text.find('\n') == std::string::npos && waits_within(std::chrono::seconds(10)) && read_some(text)) {
    }
    return text;
  }

  void make_small() { fcntl(writer_, F_SETPIPE_SZ, 16 * 1024); }

 private:
  bool waits_within(std::chrono::milliseconds time) const {
    pollfd in{.fd = reader_, .events = POLLIN, .revents = 0};
    return poll(&in, 1, static_cast<int>(time.count())) == 1;
  }

  bool read_some(std::string& text) const {
    std::array<char, 4096> piece{};
    const ssize_t count = read(reader_, piece.data(), piece.size());
    if (count > 0) text.append(piece.data(), static_cast<std::size_t>(count));
    return count > 0;
  }

  int reader_;
  int writer_;
  int saved_;
};

class LogTest : public ::testing::Test {
 protected:
  // What one call of the log puts out.
  template <typename Call>
  std::string out(const Options& options, Call call) {
    Stdout captured(Stdout::pipe_ends());
    configure(options);
    call();
    return captured.read_all();
  }
};

TEST_F(LogTest, WritesTheLineOfTheContract) {
  const std::string line = out({}, [] { info("pais.server", "hello"); });

  EXPECT_THAT(line,
              MatchesRegex("[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2} - pais.server - INFO - hello\n"));
}

TEST_F(LogTest, WritesLocalTime) {
  setenv("TZ", "XXX-05:30", 1);
  const auto before = std::chrono::system_clock::now();
  const std::string line = out({}, [] { info("x", "y"); });
  unsetenv("TZ");
  configure({});

  const auto written = read_iso_time(line.substr(0, 19) + "+05:30");
  ASSERT_TRUE(written) << line;
  EXPECT_LE(std::chrono::abs(*written - before), std::chrono::seconds(60));
}

TEST_F(LogTest, WritesEveryLevelByItsName) {
  const std::string lines = out({.level = Level::trace}, [] {
    for (const Level level : {Level::trace, Level::debug, Level::info, Level::warning, Level::error, Level::critical}) {
      write(level, "x", "m");
    }
  });

  for (const char* name : {"TRACE", "DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"}) {
    EXPECT_THAT(lines, HasSubstr(std::string(" - x - ") + name + " - m\n"));
  }
}

TEST_F(LogTest, LeavesOutWhatIsBelowItsLevel) {
  const std::string lines = out({.level = Level::warning}, [] {
    info("x", "quiet");
    write_plain(Level::info, "x", "quiet, too");
    warning("x", "loud");
    write_plain(Level::error, "x", "plain");
  });

  EXPECT_THAT(lines, AllOf(Not(HasSubstr("quiet")), HasSubstr("loud"), HasSubstr("\nplain\n")));
}

TEST_F(LogTest, CarriesTraceIdsWhereAsked) {
  const std::string lines = out({.trace_ids = true}, [] {
    info("x", "outside");
    const Scope scope({.trace_id = "abc", .span_id = "def"});
    info("x", "inside");
  });

  EXPECT_THAT(lines, HasSubstr(" - INFO - [trace_id=0 span_id=0] - outside\n"));
  EXPECT_THAT(lines, HasSubstr(" - INFO - [trace_id=abc span_id=def] - inside\n"));
}

TEST_F(LogTest, KeepsTheTextLineFreeOfIdsOtherwise) {
  const std::string line = out({}, [] {
    const Scope scope({.request_id = "r1", .trace_id = "abc"});
    info("x", "m");
  });

  EXPECT_THAT(line, EndsWith(" - x - INFO - m\n"));
}

TEST_F(LogTest, MakesOneLineOfWhateverAStrangerSent) {
  const std::string line = out({}, [] {
    info("x",
         "a\nb\r\n\tc\x1b[31m\x7f\xC2\x9B"
         "2J\xE2\x80\xA8"
         "d\xFF é\0!");
  });

  EXPECT_THAT(line, EndsWith(" - a\\nb\\r\\n\\tc\\x1b[31m\\x7f\\xc2\\x9b2J\\xe2\\x80\\xa8d\\xff é\n"));
}

TEST_F(LogTest, ShowsWhatWouldTurnTheOrderOfLettersAround) {
  const std::string line = out({}, [] {
    info("x",
         "\xE2\x80\xAE"
         "a\xE2\x81\xA6 \xE2\x80\xA7\xE2\x80\xAF");
  });

  EXPECT_THAT(line, EndsWith(" - \\xe2\\x80\\xaea\\xe2\\x81\\xa6 \xE2\x80\xA7\xE2\x80\xAF\n"));
}

TEST_F(LogTest, EscapesInJsonWhatBreaksLinesOrCommandsTerminals) {
  const std::string unseen = "\x7F\xC2\x85\xC2\x9B\xE2\x80\xA8\xE2\x80\xAE\xE2\x81\xA9";
  const std::string seen = "\xC2\xA0 \xE2\x82\xAC \xF0\x9F\x98\x80 \\";
  const std::string line = out({.format = Format::json}, [&] {
    const Scope scope({.session_id = unseen});
    info("x", unseen + seen);
  });

  EXPECT_THAT(line, HasSubstr(R"("message":"\u007f\u0085\u009b\u2028\u202e\u2069)" + seen + R"(\",)"));
  EXPECT_EQ(nlohmann::json::parse(line)["message"], unseen + seen);
  EXPECT_EQ(nlohmann::json::parse(line)["session_id"], unseen);
}

TEST_F(LogTest, EscapesPlainLinesAndLoggerNames) {
  const std::string lines = out({}, [] {
    write_plain(Level::info, "x", "INFO:     \"GET /\n HTTP/1.1\" 200 OK");
    info("x\ny", "m");
  });

  EXPECT_THAT(lines, StartsWith("INFO:     \"GET /\\n HTTP/1.1\" 200 OK\n"));
  EXPECT_THAT(lines, HasSubstr(" - x\\ny - "));
}

TEST_F(LogTest, WritesJsonWithAllIdsOfTheScope) {
  const std::string line = out({.format = Format::json}, [] {
    const Scope request({.request_id = "q", .session_id = "s"});
    const Scope run({.session_id = "s2", .run_id = "r", .trace_id = "t", .span_id = "p"});
    warning("pais.agent", "two\nlines \"quoted\"");
  });

  ASSERT_THAT(line, EndsWith("}\n"));
  const auto json = nlohmann::json::parse(line);
  EXPECT_TRUE(read_iso_time(json["time"].get<std::string>()));
  EXPECT_EQ(json["level"], "WARNING");
  EXPECT_EQ(json["logger"], "pais.agent");
  EXPECT_EQ(json["message"], "two\nlines \"quoted\"");
  EXPECT_EQ(json["request_id"], "q");
  EXPECT_EQ(json["session_id"], "s2");
  EXPECT_EQ(json["run_id"], "r");
  EXPECT_EQ(json["trace_id"], "t");
  EXPECT_EQ(json["span_id"], "p");
}

TEST_F(LogTest, LeavesOutOfJsonWhatIsNotKnown) {
  const std::string line = out({.format = Format::json}, [] { info("x", "m"); });

  EXPECT_EQ(nlohmann::json::parse(line).size(), 4U) << line;
}

TEST_F(LogTest, WritesJsonEvenOfBytesThatAreNotText) {
  const std::string line = out({.format = Format::json}, [] { write_plain(Level::info, "x", "a\xFF\x01"); });

  EXPECT_EQ(nlohmann::json::parse(line)["message"], "a\xEF\xBF\xBD\x01");
}

TEST_F(LogTest, ForgetsAScopeThatEnded) {
  const std::string lines = out({.format = Format::json}, [] {
    const Scope outer({.request_id = "outer"});
    { const Scope inner({.request_id = "inner", .run_id = "r"}); }
    info("x", "m");
  });

  const auto json = nlohmann::json::parse(lines);
  EXPECT_EQ(json["request_id"], "outer");
  EXPECT_FALSE(json.contains("run_id"));
}

TEST_F(LogTest, KeepsTheScopesOfThreadsApart) {
  const std::string line = out({.format = Format::json}, [] {
    const Scope scope({.request_id = "mine"});
    std::jthread([] { info("x", "m"); });
  });

  EXPECT_FALSE(nlohmann::json::parse(line).contains("request_id"));
}

TEST_F(LogTest, CutsAnEndlessMessageBetweenTwoCharacters) {
  std::string endless;
  while (endless.size() < 40'000) endless += "€";

  const std::string line = out({}, [&] { info("x", endless); });

  EXPECT_LT(line.size(), 33'000U);
  EXPECT_THAT(line, HasSubstr("€… (7"));
  EXPECT_THAT(line, EndsWith(" more bytes)\n"));
}

TEST_F(LogTest, WritesWholeLinesFromManyThreads) {
  Stdout captured(Stdout::pipe_ends());
  configure({});
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([] {
        for (int line = 0; line < 50; ++line) info("x", "whole line");
      });
    }
  }
  const std::string lines = captured.read_all();
  captured.restore();

  EXPECT_EQ(std::count(lines.begin(), lines.end(), '\n'), 8 * 50);
  EXPECT_THAT(lines, Not(HasSubstr("linewhole")));
}

TEST_F(LogTest, DropsAndCountsLinesThatNobodyReads) {
  const std::uint64_t before = dropped_lines();
  Stdout captured(Stdout::pipe_ends());
  captured.make_small();
  configure({});
  for (int i = 0; i < 400; ++i) info("x", std::string(100, 'a'));
  const std::uint64_t dropped = dropped_lines() - before;
  const std::string first = captured.read_all();

  info("x", "the reader is back");
  info("x", "and stays");
  const std::string second = captured.read_all();
  captured.restore();

  EXPECT_GT(dropped, 100U);
  EXPECT_LT(dropped, 400U);
  EXPECT_THAT(first + second, EndsWith("\n"));
  EXPECT_THAT(second, HasSubstr(" - pais.log - WARNING - " + std::to_string(dropped) + " log lines were dropped"));
  EXPECT_THAT(second, AllOf(HasSubstr("the reader is back\n"), HasSubstr("and stays\n")));
  EXPECT_EQ(second.find("dropped"), second.rfind("were dropped") + 5);
}

TEST_F(LogTest, FinishesALineThatWasHalfOutBeforeTheNext) {
  Stdout captured(Stdout::pipe_ends());
  captured.make_small();
  configure({});
  info("x", std::string(20'000, 'a'));
  std::string text = captured.read_all();
  const bool was_cut = text.find('\n') == std::string::npos;
  for (int i = 0; i < 3; ++i) {
    info("x", "next");
    text += captured.read_all();
  }
  captured.restore();

  EXPECT_TRUE(was_cut);
  EXPECT_THAT(text, HasSubstr(std::string(20'000, 'a') + "\n"));
  EXPECT_THAT(text, HasSubstr(" - x - INFO - next\n"));
}

TEST_F(LogTest, OutlivesAReaderThatHungUp) {
  const std::uint64_t before = dropped_lines();
  Stdout captured(Stdout::pipe_ends());
  configure({});
  captured.hang_up();

  info("x", "into the void");
  captured.restore();

  EXPECT_EQ(dropped_lines() - before, 1U);
}

TEST_F(LogTest, OutlivesAClosedStdout) {
  const std::uint64_t before = dropped_lines();
  Stdout captured(Stdout::pipe_ends());
  configure({});
  close(STDOUT_FILENO);

  info("x", "into the void");
  captured.restore();

  EXPECT_EQ(dropped_lines() - before, 1U);
}

std::string on_a_terminal() {
  Stdout captured(Stdout::terminal_ends());
  configure({});
  error("x", "red");
  return captured.read_line();
}

TEST_F(LogTest, ColoursTheLevelOnATerminal) {
  unsetenv("NO_COLOR");

  EXPECT_THAT(on_a_terminal(), HasSubstr(" - x - \x1b[31mERROR\x1b[0m - red"));
}

TEST_F(LogTest, LeavesColoursOutWhereTheyAreNotWanted) {
  setenv("NO_COLOR", "1", 1);
  const std::string line = on_a_terminal();
  unsetenv("NO_COLOR");

  EXPECT_THAT(line, HasSubstr(" - x - ERROR - red"));
}

}  // namespace
}  // namespace pais::log
