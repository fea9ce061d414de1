#include "memory/sqlite.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <system_error>
#include <unistd.h>
#include <utility>

#include "sqlite3.h"

namespace pais::memory {
namespace {

Error failure(int result, const char* words) {
  std::string cause = words;
  if (result == SQLITE_BUSY || result == SQLITE_LOCKED) cause = "in use by another process";
  const bool damaged = result == SQLITE_CORRUPT || result == SQLITE_NOTADB;
  if (damaged) cause = "damaged, or not a file of ours: " + cause;
  return {.code = damaged ? Code::malformed : Code::memory_unavailable, .cause = std::move(cause)};
}

Error failure_of(sqlite3* file) {
  return failure(sqlite3_errcode(file), sqlite3_errmsg(file));
}

Result<void> touch(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) return Error{.code = Code::memory_unavailable, .cause = std::generic_category().message(errno)};
  ::close(file);
  return {};
}

}  // namespace

void SqliteStatement::Finalize::operator()(sqlite3_stmt* statement) const {
  sqlite3_finalize(statement);
}

// A parameter that does not exist is a mistake of ours, found by the first test: results are not looked at.
SqliteStatement& SqliteStatement::bind(int parameter, std::int64_t value) {
  sqlite3_bind_int64(statement_.get(), parameter, value);
  return *this;
}

SqliteStatement& SqliteStatement::bind(int parameter, std::string_view text) {
  const char* bytes = text.data() == nullptr ? "" : text.data();  // a null pointer would bind NULL
  sqlite3_bind_text64(statement_.get(), parameter, bytes, text.size(), SQLITE_STATIC, SQLITE_UTF8);
  return *this;
}

Result<bool> SqliteStatement::step() {
  const int result = sqlite3_step(statement_.get());
  if (result == SQLITE_ROW) return true;
  if (result == SQLITE_DONE) return false;
  return failure_of(sqlite3_db_handle(statement_.get()));
}

std::int64_t SqliteStatement::number(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

std::string SqliteStatement::text(int column) const {
  const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(statement_.get(), column));
  if (bytes == nullptr) return {};
  return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column))};
}

void SqliteStatement::reset() {
  sqlite3_reset(statement_.get());
  sqlite3_clear_bindings(statement_.get());
}

Result<void> SqliteStatement::run() {
  auto row = step();
  while (row && *row) row = step();
  reset();
  if (!row) return row.error();
  return {};
}

void Sqlite::Close::operator()(sqlite3* file) const {
  sqlite3_close_v2(file);
}

Result<Sqlite> Sqlite::open(const std::string& path) {
  if (auto there = touch(path); !there) return there.error();
  sqlite3* file = nullptr;
  const int result = sqlite3_open_v2(path.c_str(), &file, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
  Sqlite opened;
  opened.file_.reset(file);
  if (result != SQLITE_OK) return failure(result, file == nullptr ? "out of memory" : sqlite3_errmsg(file));
  sqlite3_extended_result_codes(file, 0);
  return opened;
}

Result<void> Sqlite::run(const std::string& sql) {
  if (sqlite3_exec(file_.get(), sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK) return {};
  return failure_of(file_.get());
}

Result<SqliteStatement> Sqlite::prepare(std::string_view sql) {
  sqlite3_stmt* prepared = nullptr;
  const int result = sqlite3_prepare_v3(file_.get(), sql.data(), static_cast<int>(sql.size()),
                                        SQLITE_PREPARE_PERSISTENT, &prepared, nullptr);
  if (result != SQLITE_OK) return failure_of(file_.get());
  SqliteStatement statement;
  statement.statement_.reset(prepared);
  return statement;
}

Result<std::int64_t> Sqlite::number(std::string_view query) {
  auto statement = prepare(query);
  if (!statement) return statement.error();
  const auto row = statement->step();
  if (!row) return row.error();
  return *row ? statement->number(0) : 0;
}

}  // namespace pais::memory
