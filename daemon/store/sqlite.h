// The little of SQLite that the run store needs: a connection with its cached statements, and one
// statement in use. One thread at a time (the store's mutex sees to it).
//
// Errors name the file and what to do about it: UNAVAILABLE (locked, disk full, unreadable),
// DATA_LOSS (not a database, or a damaged one), INTERNAL (our SQL is wrong).
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "daemon/base/clock.h"

struct sqlite3;
struct sqlite3_stmt;

namespace squall {

// The text of a statement. Only a literal converts to it, so no input can ever become SQL.
class Sql final {
 public:
  template <size_t kSize>
  consteval Sql(const char (&text)[kSize]) : text_(text) {}  // NOLINT(google-explicit-constructor)
  const char* text() const { return text_; }

 private:
  const char* text_;
};

class SqlDatabase final {
 public:
  // Makes the file when there is none. `busy_timeout` is how long a call waits for another program
  // that has the file locked.
  static absl::StatusOr<std::unique_ptr<SqlDatabase>> Open(const std::string& path,
                                                           Nanos busy_timeout);
  ~SqlDatabase();
  SqlDatabase(const SqlDatabase&) = delete;
  SqlDatabase& operator=(const SqlDatabase&) = delete;

  // One or several statements without parameters; rows are dropped.
  absl::Status Execute(Sql sql);

  // Runs `work` as one transaction: all of it is written when this returns OK, nothing otherwise.
  absl::Status Transact(const std::function<absl::Status()>& work);

  int64_t changed_rows() const;  // by the last INSERT, UPDATE or DELETE, without its triggers

  const std::string& path() const { return path_; }

 private:
  friend class SqlStatement;

  explicit SqlDatabase(std::string path);
  // Prepared once per text; nullptr when SQLite refuses it, and then *error says why.
  sqlite3_stmt* Prepare(Sql sql, absl::Status* error);
  absl::Status Error(int code) const;

  const std::string path_;
  sqlite3* connection_ = nullptr;
  std::unordered_map<const char*, sqlite3_stmt*> statements_;  // by the literal's address
};

// One execution of a statement. An error on the way is kept and returned by Next() or Run().
// A statement with the same text must not be in use already.
class SqlStatement final {
 public:
  SqlStatement(SqlDatabase* database, Sql sql);
  ~SqlStatement();
  SqlStatement(const SqlStatement&) = delete;
  SqlStatement& operator=(const SqlStatement&) = delete;

  // The parameters, from left to right. Bytes are not copied: they live until the last Next().
  SqlStatement& BindInteger(int64_t value);
  SqlStatement& BindText(std::string_view text);
  SqlStatement& BindBlob(std::string_view bytes);

  // True when there is a row to read, false after the last one.
  absl::StatusOr<bool> Next();
  // To the end, for statements without rows of interest.
  absl::Status Run();

  // Of the current row, columns from 0; NULL reads as 0 or "".
  int64_t Integer(int column) const;
  std::string Bytes(int column) const;

 private:
  void Keep(int code);

  SqlDatabase* const database_;
  absl::Status error_;
  sqlite3_stmt* const statement_;
  int bound_ = 0;
};

// The first column of the only row; 0 without one.
absl::StatusOr<int64_t> ReadNumber(SqlDatabase* database, Sql sql);

}  // namespace squall
