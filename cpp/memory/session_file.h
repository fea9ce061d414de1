// Conversations in one SQLite file: the tables, their version, and how a conversation is written and read.
//
// The file belongs to one process at a time; a second one is refused. It is in WAL mode with synchronous=NORMAL: what
// has been committed survives the end of the process, however it comes (kill -9 included), and no loss of power can
// damage the file, though it may cost the last moments before it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "memory/conversation.h"
#include "memory/journal.h"
#include "memory/sqlite.h"

namespace pais::memory {

class SessionFile {
 public:
  // Brings an older file up to date. Errors name the path: damaged, in use, of a newer version, not writable.
  static Result<std::unique_ptr<SessionFile>> open(const std::string& path);

  Result<std::vector<std::shared_ptr<Conversation>>> load();

  // Between `begin` and `commit`, all or nothing. Writing the same again changes nothing.
  Result<void> begin() { return file_.run("BEGIN IMMEDIATE"); }
  Result<void> commit() { return file_.run("COMMIT"); }
  void roll_back() { static_cast<void>(file_.run("ROLLBACK")); }
  Result<void> append(const Journal::Appended& what);
  Result<void> remove(std::uint64_t conversation);

 private:
  explicit SessionFile(Sqlite file) : file_(std::move(file)) {}

  Result<void> set_up();
  Result<void> migrate();
  Result<void> prepare();
  Result<void> insert(std::uint64_t conversation, std::uint64_t place, const MemoryEvent& event);
  Result<void> load_events(std::vector<std::shared_ptr<Conversation>>& conversations);

  Sqlite file_;
  SqliteStatement put_session_;
  SqliteStatement put_event_;
  SqliteStatement drop_events_;
  SqliteStatement drop_session_;
};

}  // namespace pais::memory
