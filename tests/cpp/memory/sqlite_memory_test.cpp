// What a LocalMemory with a file can do that others cannot: come back.
#include <filesystem>
#include <fstream>
#include <signal.h>
#include <string>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "gmock/gmock.h"
#include "sqlite3.h"

#include "memory/session_file.h"
#include "memory/sqlite_journal.h"
#include "scratch_folder.h"
#include "store_under_test.h"
#include "support/captured_log.h"
#include "support/eventually.h"

namespace pais::memory {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class SqliteMemory : public testing::Test {
 protected:
  std::string path() const { return folder_.path() / "sessions.db"; }

  std::unique_ptr<Memory> open(const LocalOptions& options = {}) const {
    auto memory = sqlite_memory(path(), options);
    EXPECT_TRUE(memory) << memory.error().describe();
    return memory ? std::move(*memory) : nullptr;
  }

  void write_file(const std::string& bytes) const { std::ofstream(path(), std::ios::binary) << bytes; }

  void run_sql(const std::string& sql) const {
    sqlite3* file = nullptr;
    ASSERT_EQ(sqlite3_open(path().c_str(), &file), SQLITE_OK);
    ASSERT_EQ(sqlite3_exec(file, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(file);
    sqlite3_close(file);
  }

  ScratchFolder folder_;
};

TEST_F(SqliteMemory, RemembersAcrossARestart) {
  {
    const auto memory = open();
    remember(*memory, "monday", "hello", "hi");
    fail(*memory, open_turn(*memory, "monday", "crash, please"));
    ASSERT_TRUE(memory->create_session({.session_id = "tuesday", .app_name = "shop", .user_id = "ada"}));
  }

  const auto memory = open();

  EXPECT_THAT(session_ids(*memory), ElementsAre("monday", "tuesday"));
  EXPECT_THAT(stored(*memory, "monday"), SizeIs(4));
  EXPECT_THAT(open_turn(*memory, "monday", "and now?").history, SizeIs(2));
  const auto info = memory->session("tuesday");
  ASSERT_TRUE(info && *info);
  EXPECT_EQ((*info)->app_name, "shop");
  EXPECT_EQ((*info)->user_id, "ada");
}

TEST_F(SqliteMemory, GivesBackEveryEventAsItWas) {
  std::vector<MemoryEvent> before;
  {
    const auto memory = open();
    ASSERT_TRUE(memory->create_session({.session_id = "monday"}));
    MemoryEvent odd = make_event(EventType::custom, *json_content(R"({"deep":[1,"\u0000",null]})"),
                                 {.run_id = "run_1", .trace_id = "t", .span_id = "s"});
    set_type(odd, "mood");
    add_metadata(odd, "note", "line\nbreak");
    ASSERT_TRUE(memory->add_event("monday", odd));
    ASSERT_TRUE(memory->add_event("monday", note(EventType::user_message, std::string("NUL \0 inside", 12))));
    before = *memory->events("monday", {});
  }

  const auto after = open()->events("monday", {});

  ASSERT_TRUE(after);
  ASSERT_EQ(after->size(), before.size());
  for (std::size_t i = 0; i < before.size(); ++i) EXPECT_EQ(event_json((*after)[i]), event_json(before[i]));
}

TEST_F(SqliteMemory, ForgetsForGood) {
  {
    const auto memory = open({.max_sessions = 2, .max_session_events = 2});
    remember(*memory, "monday", "my secret");
    remember(*memory, "tuesday", "one");
    remember(*memory, "tuesday", "two");
    remember(*memory, "wednesday", "hello");
    ASSERT_TRUE(memory->delete_session("wednesday"));
  }

  const auto memory = open();

  EXPECT_THAT(session_ids(*memory), ElementsAre("tuesday"));
  EXPECT_THAT(stored(*memory, "tuesday"), ElementsAre("user_message \"two\"", "agent_response \"ok\""));
}

TEST_F(SqliteMemory, KeepsToLimitsThatHaveBecomeSmaller) {
  {
    const auto memory = open();
    for (const char* day : {"monday", "tuesday", "wednesday"}) {
      for (int i = 0; i < 3; ++i) remember(*memory, day, std::to_string(i));
    }
  }

  const auto memory = open({.max_sessions = 2, .max_session_events = 4});

  EXPECT_THAT(session_ids(*memory), ElementsAre("tuesday", "wednesday"));
  EXPECT_THAT(stored(*memory, "tuesday"), SizeIs(4));
}

TEST_F(SqliteMemory, ForgetsTheSilentFirstAlsoAfterARestart) {
  {
    const TurningClock clock;
    const auto memory = open({.clock = &clock});
    for (const char* day : {"monday", "tuesday", "monday"}) remember(*memory, day, "hello");
  }
  const auto memory = open({.max_sessions = 2});

  remember(*memory, "wednesday", "hello");

  EXPECT_THAT(session_ids(*memory), ElementsAre("monday", "wednesday"));
}

TEST_F(SqliteMemory, IsReadableByItsOwnerOnly) {
  open();

  struct stat file {};
  ASSERT_EQ(stat(path().c_str(), &file), 0);
  EXPECT_EQ(file.st_mode & 0777U, 0600U);
}

TEST_F(SqliteMemory, IsRefusedToASecondProcess) {
  const auto first = open();

  const auto second = sqlite_memory(path());

  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Code::memory_unavailable);
  EXPECT_THAT(second.error().describe(), HasSubstr("in use by another process"));
  EXPECT_THAT(second.error().describe(), HasSubstr(path()));
}

TEST_F(SqliteMemory, SaysThatAFileIsNotOne) {
  write_file(std::string(10'000, 'x'));

  const auto memory = sqlite_memory(path());

  ASSERT_FALSE(memory);
  EXPECT_EQ(memory.error().code, Code::malformed);
  EXPECT_THAT(memory.error().describe(), HasSubstr("damaged"));
  EXPECT_THAT(memory.error().describe(), HasSubstr(path()));
}

TEST_F(SqliteMemory, SaysThatAFileIsDamaged) {
  {
    const auto memory = open();
    for (int i = 0; i < 200; ++i) remember(*memory, "monday", std::string(1000, 'x'));
  }
  {
    std::fstream file(path(), std::ios::binary | std::ios::in | std::ios::out);
    file.seekp(8192);
    file << std::string(100'000, '\x5a');
  }

  const auto memory = sqlite_memory(path());

  ASSERT_FALSE(memory);
  EXPECT_EQ(memory.error().code, Code::malformed);
}

TEST_F(SqliteMemory, LeavesTheDatabaseOfAnotherProgramAlone) {
  run_sql("CREATE TABLE recipes (name TEXT); INSERT INTO recipes VALUES ('cake')");

  const auto memory = sqlite_memory(path());

  ASSERT_FALSE(memory);
  EXPECT_THAT(memory.error().describe(), HasSubstr("another program"));
}

TEST_F(SqliteMemory, LeavesAFileOfANewerVersionAlone) {
  open();
  run_sql("PRAGMA user_version=1000");

  const auto memory = sqlite_memory(path());

  ASSERT_FALSE(memory);
  EXPECT_THAT(memory.error().describe(), HasSubstr("newer version"));
}

TEST_F(SqliteMemory, SaysThatAPathCannotBeOpened) {
  const auto memory = sqlite_memory((folder_.path() / "missing" / "sessions.db").string());

  ASSERT_FALSE(memory);
  EXPECT_EQ(memory.error().code, Code::memory_unavailable);
}

TEST_F(SqliteMemory, AnswersNothingOnceItIsClosed) {
  const auto memory = open();
  memory->close();

  const auto added = memory->create_session({.session_id = "monday"});

  ASSERT_FALSE(added);
  EXPECT_EQ(added.error().code, Code::memory_unavailable);
}

TEST_F(SqliteMemory, LetsGoOfItsFileWhenItIsClosed) {
  const auto memory = open();
  remember(*memory, "monday", "hello", "hi");

  memory->close();

  const auto next = open();
  EXPECT_THAT(history(*next, "monday"), ElementsAre("user: hello", "assistant: hi"));
}

// The child tells each turn it has closed over a pipe, until it is killed; all it told must be there.
TEST_F(SqliteMemory, LosesNoClosedTurnWhenItIsKilled) {
  for (int round = 0; round < 5; ++round) {
    int pipe_ends[2];
    ASSERT_EQ(pipe(pipe_ends), 0);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      const auto memory = sqlite_memory(path(), {.max_session_events = 100'000});
      for (std::uint32_t turn = 0; memory; ++turn) {
        Turn opened = *(*memory)->open_turn(opening("monday", std::to_string(turn), "run_" + std::to_string(turn)));
        std::vector<MemoryEvent> events{note(EventType::agent_response, "ok", opened.mark.run_id)};
        if (!(*memory)->close_turn(std::move(opened), std::move(events))) break;
        if (write(pipe_ends[1], &turn, sizeof turn) != sizeof turn) break;
      }
      _exit(1);
    }
    close(pipe_ends[1]);
    std::uint32_t last = 0;
    for (int told = 0; told < 40 + round * 30; ++told) ASSERT_EQ(read(pipe_ends[0], &last, sizeof last), sizeof last);
    ASSERT_EQ(kill(child, SIGKILL), 0);
    ASSERT_EQ(waitpid(child, nullptr, 0), child);
    while (read(pipe_ends[0], &last, sizeof last) == sizeof last) continue;
    close(pipe_ends[0]);

    const auto memory = open({.max_session_events = 100'000});
    const auto prompts = stored(*memory, "monday", {.types = {"user_message"}});
    const auto answers = stored(*memory, "monday", {.types = {"agent_response"}});
    ASSERT_GE(answers.size(), std::size_t{last} + 1);
    ASSERT_LE(prompts.size(), answers.size() + 1);
    ASSERT_TRUE(memory->clear());
  }
}

// In a process of its own, for its files may not grow any more: that is how a full disk looks.
TEST_F(SqliteMemory, SaysThatADiskIsFullAndWritesEverythingOnceItIsNot) {
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    signal(SIGXFSZ, SIG_IGN);
    auto memory = std::move(*sqlite_memory(path()));
    rlimit limit{};
    getrlimit(RLIMIT_FSIZE, &limit);
    const rlim_t most = std::exchange(limit.rlim_cur, 100'000);
    setrlimit(RLIMIT_FSIZE, &limit);
    int refused = 0;
    bool told = true;  // each turn after the first that was refused
    for (int i = 0; i < 20; ++i) {
      Turn turn = *memory->open_turn(opening("monday", std::string(10'000, 'x'), "run_" + std::to_string(i)));
      if (refused > 0 && turn.remembered) told = false;
      std::vector<MemoryEvent> events{note(EventType::agent_response, "ok", turn.mark.run_id)};
      const auto closed = memory->close_turn(std::move(turn), std::move(events));
      if (!closed && closed.error().code == Code::memory_unavailable) ++refused;
    }
    const bool noticed = refused > 0 && !memory->reachable();
    limit.rlim_cur = most;
    setrlimit(RLIMIT_FSIZE, &limit);
    const bool mended = test::eventually([&] { return memory->reachable(); });
    const bool remembers_again = open_turn(*memory, "tuesday", "better?").remembered;
    memory.reset();
    _exit(noticed && told && mended && remembers_again ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);

  const auto memory = open();
  EXPECT_THAT(stored(*memory, "monday", {.types = {"user_message"}}), SizeIs(20));
  EXPECT_THAT(stored(*memory, "monday", {.types = {"agent_response"}}), SizeIs(20));
}

// In a process of its own as well, whose log is shorter than the limit of its files.
TEST_F(SqliteMemory, SaysHowMuchIsLostWhenADiskStaysFull) {
  const std::string log = folder_.path() / "log";
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    signal(SIGXFSZ, SIG_IGN);
    const test::CapturedLog captured;
    auto file = SessionFile::open(path());
    SqliteJournal journal(std::move(*file), 5);
    rlimit limit{};
    getrlimit(RLIMIT_FSIZE, &limit);
    const rlim_t most = std::exchange(limit.rlim_cur, 4'000);
    setrlimit(RLIMIT_FSIZE, &limit);
    for (std::uint64_t i = 0; i < 8; ++i) {
      static_cast<void>(journal.wait(journal.appended({.conversation = 1,
                                                       .info = {.session_id = "monday"},
                                                       .place = i,
                                                       .events = {note(EventType::user_message, "hello", "run_1")}})));
    }
    const bool refused = !journal.is_well();
    limit.rlim_cur = most;
    setrlimit(RLIMIT_FSIZE, &limit);
    const bool mended = test::eventually([&] { return journal.is_well(); });
    journal.close();
    std::ofstream(log) << captured.text();
    _exit(refused && mended ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);

  std::ifstream told(log);
  EXPECT_THAT(std::string(std::istreambuf_iterator<char>(told), {}),
              AllOf(HasSubstr("too much is waiting for the session file"), HasSubstr("3 entries were lost")));
}

TEST_F(SqliteMemory, SurvivesEverybodyAtOnce) {
  {
    const auto memory = open();
    std::vector<std::thread> clients;
    for (int i = 0; i < 8; ++i) {
      clients.emplace_back([&, i] {
        for (int turn = 0; turn < 50; ++turn) remember(*memory, "session " + std::to_string(i), std::to_string(turn));
      });
    }
    for (auto& client : clients) client.join();
  }

  const auto memory = open();

  EXPECT_THAT(session_ids(*memory), SizeIs(8));
  for (const auto& id : session_ids(*memory)) {
    const auto prompts = stored(*memory, id, {.types = {"user_message"}});
    ASSERT_THAT(prompts, SizeIs(50));
    for (std::size_t i = 0; i < 50; ++i) EXPECT_EQ(prompts[i], "user_message \"" + std::to_string(i) + "\"");
  }
}

}  // namespace
}  // namespace pais::memory
