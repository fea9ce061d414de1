// The little of SQLite that we need, with our kind of errors.
//
// One thread at a time. A damaged file is Code::malformed, everything else memory_unavailable.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace pais::memory {

class Sqlite;

// One prepared statement, to be used again and again: bind all parameters, step until there is no row, reset.
class SqliteStatement {
 public:
  SqliteStatement() = default;

  SqliteStatement& bind(int parameter, std::int64_t value);
  SqliteStatement& bind(int parameter, std::string_view text);  // must live until the reset

  Result<bool> step();  // whether there is a row
  std::int64_t number(int column) const;
  std::string text(int column) const;
  void reset();

  // Steps through to the end, then resets.
  Result<void> run();

 private:
  friend class Sqlite;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };

  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

class Sqlite {
 public:
  // Opens a file, or creates it so that only its owner may read it.
  static Result<Sqlite> open(const std::string& path);

  Result<void> run(const std::string& sql);  // one or more statements without parameters
  Result<SqliteStatement> prepare(std::string_view sql);
  Result<std::int64_t> number(std::string_view query);  // the one value it answers

 private:
  struct Close {
    void operator()(sqlite3* file) const;
  };

  std::unique_ptr<sqlite3, Close> file_;
};

}  // namespace pais::memory
