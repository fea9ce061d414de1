#include "memory/session_file.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <iterator>
#include <limits>
#include <unordered_map>
#include <utility>

namespace pais::memory {
namespace {

using Time = std::chrono::system_clock::time_point;
using std::chrono::microseconds;

// "PAIS", in the file's header: another program's database is not ours to change.
constexpr std::int64_t kApplicationId = 0x50414953;

// Each step takes the file from its index to the next version; the version is in the file's header.
constexpr std::array kMigrations = {
    R"sql(
      CREATE TABLE sessions (
        number INTEGER PRIMARY KEY,
        session_id TEXT NOT NULL,
        user_id TEXT NOT NULL,
        app_name TEXT NOT NULL,
        created_at INTEGER NOT NULL,
        updated_at INTEGER NOT NULL
      );
      CREATE TABLE events (
        session INTEGER NOT NULL,
        place INTEGER NOT NULL,
        event_id TEXT NOT NULL,
        time INTEGER NOT NULL,
        type TEXT NOT NULL,
        content TEXT NOT NULL,
        is_json INTEGER NOT NULL,
        run_id TEXT NOT NULL,
        trace_id TEXT NOT NULL,
        span_id TEXT NOT NULL,
        metadata TEXT NOT NULL,
        PRIMARY KEY (session, place)
      ) WITHOUT ROWID;
    )sql",
};

std::int64_t micros(Time time) {
  return std::chrono::floor<microseconds>(time).time_since_epoch().count();
}
// The clock counts in smaller steps than the file: not every number of the file's has a place in it.
Time time_of(std::int64_t count) {
  constexpr std::int64_t kLatest = std::chrono::floor<microseconds>(Time::max().time_since_epoch()).count();
  return Time(microseconds(std::clamp(count, -kLatest, kLatest)));
}

// Rows are our own, but the file may have been edited by hand: JSON that is none is text.
MemoryEvent event_of(const SqliteStatement& row) {
  MemoryEvent event{.event_id = row.text(2), .timestamp = time_of(row.number(3))};
  set_type(event, row.text(4));
  event.content.text = row.text(5);
  if (row.number(6) != 0) {
    if (auto content = json_content(event.content.text)) event.content = std::move(*content);
  }
  event.mark = {.run_id = row.text(7), .trace_id = row.text(8), .span_id = row.text(9)};
  const std::string metadata = row.text(10);
  if (metadata.empty()) return event;
  MemoryEvent with_metadata = event;
  if (set_metadata(with_metadata, metadata)) return with_metadata;
  return event;
}

std::shared_ptr<Conversation> conversation_of(const SqliteStatement& row) {
  auto conversation = std::make_shared<Conversation>(
      static_cast<std::uint64_t>(row.number(0)),
      SessionNaming{.session_id = row.text(1), .app_name = row.text(3), .user_id = row.text(2)}, Time());
  conversation->restore(time_of(row.number(4)), time_of(row.number(5)));
  return conversation;
}

}  // namespace

Result<std::unique_ptr<SessionFile>> SessionFile::open(const std::string& path) {
  const std::string doing = "opening the session file " + path;
  auto file = Sqlite::open(path);
  if (!file) return file.error().during(doing);
  std::unique_ptr<SessionFile> sessions(new SessionFile(std::move(*file)));
  if (auto ready = sessions->set_up(); !ready) return ready.error().during(doing);
  return sessions;
}

Result<void> SessionFile::set_up() {
  // The order matters: with the lock taken first, the WAL needs no shared memory file beside it.
  for (const char* pragma : {"PRAGMA locking_mode=EXCLUSIVE", "PRAGMA journal_mode=WAL", "PRAGMA synchronous=NORMAL",
                             "PRAGMA wal_autocheckpoint=4000", "PRAGMA journal_size_limit=67108864"}) {
    if (auto done = file_.run(pragma); !done) return done.error();
  }
  if (auto done = migrate(); !done) return done.error();
  return prepare();
}

Result<void> SessionFile::migrate() {
  if (auto begun = begin(); !begun) return begun.error();
  const auto application = file_.number("PRAGMA application_id");
  const auto version = file_.number("PRAGMA user_version");
  const auto tables = file_.number("SELECT count(*) FROM sqlite_schema");
  if (!application) return application.error();
  if (!version) return version.error();
  if (!tables) return tables.error();
  const auto newest = static_cast<std::int64_t>(kMigrations.size());
  const bool is_fresh = *application == 0 && *tables == 0;
  if (!is_fresh && *application != kApplicationId) {
    return Error{.code = Code::malformed, .cause = "a database of another program"};
  }
  if (*version > newest || *version < 0) {
    return Error{.code = Code::malformed, .cause = "written by a newer version of this program"};
  }
  for (auto step = *version; step < newest; ++step) {
    if (auto done = file_.run(kMigrations.at(static_cast<std::size_t>(step))); !done) return done.error();
  }
  const std::string header =
      "PRAGMA application_id=" + std::to_string(kApplicationId) + "; PRAGMA user_version=" + std::to_string(newest);
  if (auto done = file_.run(header); !done) return done.error();
  return commit();
}

Result<void> SessionFile::prepare() {
  const std::pair<SqliteStatement*, const char*> statements[] = {
      {&put_session_,
       "INSERT INTO sessions VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (number) DO UPDATE SET "
       "user_id = ?3, app_name = ?4, created_at = ?5, updated_at = ?6"},
      {&put_event_, "INSERT OR REPLACE INTO events VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)"},
      {&drop_events_, "DELETE FROM events WHERE session = ?1 AND place < ?2"},
      {&drop_session_, "DELETE FROM sessions WHERE number = ?1"}};
  for (const auto& [place, sql] : statements) {
    auto statement = file_.prepare(sql);
    if (!statement) return statement.error();
    *place = std::move(*statement);
  }
  return {};
}

Result<void> SessionFile::append(const Journal::Appended& what) {
  const SessionInfo& info = what.info;
  const auto number = static_cast<std::int64_t>(what.conversation);
  auto done = put_session_.bind(1, number)
                  .bind(2, info.session_id)
                  .bind(3, info.user_id)
                  .bind(4, info.app_name)
                  .bind(5, micros(info.created_at))
                  .bind(6, micros(info.updated_at))
                  .run();
  if (!done) return done.error();
  std::uint64_t place = what.place;
  for (const MemoryEvent& event : what.events) {
    if (done = insert(what.conversation, place++, event); !done) return done.error();
  }
  return drop_events_.bind(1, number).bind(2, static_cast<std::int64_t>(what.keep_from)).run();
}

Result<void> SessionFile::insert(std::uint64_t conversation, std::uint64_t place, const MemoryEvent& event) {
  return put_event_.bind(1, static_cast<std::int64_t>(conversation))
      .bind(2, static_cast<std::int64_t>(place))
      .bind(3, event.event_id)
      .bind(4, micros(event.timestamp))
      .bind(5, type_name(event))
      .bind(6, event.content.text)
      .bind(7, event.content.is_json ? 1 : 0)
      .bind(8, event.mark.run_id)
      .bind(9, event.mark.trace_id)
      .bind(10, event.mark.span_id)
      .bind(11, event.more_metadata)
      .run();
}

Result<void> SessionFile::remove(std::uint64_t conversation) {
  const auto number = static_cast<std::int64_t>(conversation);
  auto done = drop_events_.bind(1, number).bind(2, std::numeric_limits<std::int64_t>::max()).run();
  if (!done) return done.error();
  return drop_session_.bind(1, number).run();
}

Result<std::vector<std::shared_ptr<Conversation>>> SessionFile::load() {
  auto rows = file_.prepare(
      "SELECT number, session_id, user_id, app_name, created_at, updated_at FROM sessions "
      "ORDER BY number");
  if (!rows) return rows.error();
  // A session that was deleted and created again in the last moment may be there twice: the newer one counts.
  std::unordered_map<std::string, std::shared_ptr<Conversation>> newest;
  auto row = rows->step();
  for (; row && *row; row = rows->step()) {
    auto conversation = conversation_of(*rows);
    auto& place = newest[conversation->session_id];
    if (place) {
      if (auto removed = remove(place->number); !removed) return removed.error();
    }
    place = std::move(conversation);
  }
  if (!row) return row.error();

  std::vector<std::shared_ptr<Conversation>> conversations;
  conversations.reserve(newest.size());
  for (auto& [id, conversation] : newest) conversations.push_back(std::move(conversation));
  if (auto loaded = load_events(conversations); !loaded) return loaded.error();
  return conversations;
}

Result<void> SessionFile::load_events(std::vector<std::shared_ptr<Conversation>>& conversations) {
  auto rows = file_.prepare(
      "SELECT session, place, event_id, time, type, content, is_json, run_id, trace_id, span_id, "
      "metadata FROM events WHERE session = ?1 ORDER BY place");
  if (!rows) return rows.error();
  for (const auto& conversation : conversations) {
    rows->bind(1, static_cast<std::int64_t>(conversation->number));
    auto row = rows->step();
    for (; row && *row; row = rows->step()) {
      conversation->restore(static_cast<std::uint64_t>(rows->number(1)), event_of(*rows));
    }
    rows->reset();
    if (!row) return row.error();
  }
  return {};
}

}  // namespace pais::memory
