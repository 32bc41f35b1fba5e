#include "daemon/store/sqlite.h"

#include <utility>

#include <fmt/format.h>
#include <sqlite3.h>

#include "daemon/base/check.h"
#include "daemon/base/status_macros.h"

namespace squall {
namespace {

// SQLite's extended codes keep the primary one in the lowest byte.
int Primary(int code) { return code & 0xFF; }

absl::Status ToStatus(int code, const std::string& path, const std::string& reason) {
  const auto message = [&](std::string_view remedy) {
    return fmt::format("run store '{}': {}: {}", path, reason, remedy);
  };
  switch (Primary(code)) {
    case SQLITE_FULL:
      return absl::UnavailableError(message("free space on its disk, or delete runs"));
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return absl::UnavailableError(message("close the other program that has it open"));
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_READONLY:
    case SQLITE_AUTH:
      return absl::UnavailableError(message("the file and its directory must be writable"));
    case SQLITE_IOERR:
    case SQLITE_PROTOCOL:
      return absl::UnavailableError(message("check its disk"));
    case SQLITE_NOTADB:
      return absl::DataLossError(message("must be a run store; name another file"));
    case SQLITE_CORRUPT:
      return absl::DataLossError(message("is damaged; move it away, or restore a copy"));
    case SQLITE_NOMEM:
    case SQLITE_TOOBIG:
      return absl::ResourceExhaustedError(message("store less at once"));
    default:
      return absl::InternalError(
          fmt::format("run store '{}': {} (SQLite code {})", path, reason, code));
  }
}

// A null pointer would bind NULL, which no column of ours allows.
const char* DataOf(std::string_view bytes) { return bytes.data() == nullptr ? "" : bytes.data(); }

}  // namespace

SqlDatabase::SqlDatabase(std::string path) : path_(std::move(path)) {}

SqlDatabase::~SqlDatabase() {
  for (const auto& [text, statement] : statements_) {
    sqlite3_finalize(statement);
  }
  SQUALL_CHECK(sqlite3_close(connection_) == SQLITE_OK);
}

absl::StatusOr<std::unique_ptr<SqlDatabase>> SqlDatabase::Open(const std::string& path,
                                                               Nanos busy_timeout) {
  std::unique_ptr<SqlDatabase> database(new SqlDatabase(path));
  // Its own mutexes are off: the store has one.
  const int code =
      sqlite3_open_v2(path.c_str(), &database->connection_,
                      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
  if (code != SQLITE_OK) {
    return database->Error(code);
  }
  sqlite3_extended_result_codes(database->connection_, 1);
  const auto wait = std::chrono::duration_cast<std::chrono::milliseconds>(busy_timeout);
  sqlite3_busy_timeout(database->connection_, static_cast<int>(wait.count()));
  return database;
}

absl::Status SqlDatabase::Execute(Sql sql) {
  const int code = sqlite3_exec(connection_, sql.text(), nullptr, nullptr, nullptr);
  return code == SQLITE_OK ? absl::OkStatus() : Error(code);
}

absl::Status SqlDatabase::Transact(const std::function<absl::Status()>& work) {
  // IMMEDIATE: a lock that cannot be had is an error here, not half way through.
  SQUALL_RETURN_IF_ERROR(SqlStatement(this, "BEGIN IMMEDIATE").Run());
  absl::Status status = work();
  if (status.ok()) {
    status = SqlStatement(this, "COMMIT").Run();
  }
  // SQLite has rolled back by itself after some errors, a full disk for one.
  if (!status.ok() && sqlite3_get_autocommit(connection_) == 0) {
    SqlStatement(this, "ROLLBACK").Run().IgnoreError();
  }
  return status;
}

int64_t SqlDatabase::changed_rows() const { return sqlite3_changes64(connection_); }

sqlite3_stmt* SqlDatabase::Prepare(Sql sql, absl::Status* error) {
  sqlite3_stmt*& statement = statements_[sql.text()];
  if (statement == nullptr) {
    const int code = sqlite3_prepare_v3(connection_, sql.text(), -1, SQLITE_PREPARE_PERSISTENT,
                                        &statement, nullptr);
    if (code != SQLITE_OK) {
      *error = Error(code);
    }
  }
  return statement;
}

absl::Status SqlDatabase::Error(int code) const {
  return ToStatus(code, path_,
                  connection_ == nullptr ? sqlite3_errstr(code) : sqlite3_errmsg(connection_));
}

absl::StatusOr<int64_t> ReadNumber(SqlDatabase* database, Sql sql) {
  SqlStatement statement(database, sql);
  SQUALL_ASSIGN_OR_RETURN(const bool found, statement.Next());
  return found ? statement.Integer(0) : 0;
}

SqlStatement::SqlStatement(SqlDatabase* database, Sql sql)
    : database_(database), statement_(database->Prepare(sql, &error_)) {
  SQUALL_CHECK(statement_ == nullptr || sqlite3_stmt_busy(statement_) == 0);
}

SqlStatement::~SqlStatement() {
  if (statement_ != nullptr) {
    sqlite3_reset(statement_);  // repeats the error of the last step, which was returned then
    sqlite3_clear_bindings(statement_);
  }
}

SqlStatement& SqlStatement::BindInteger(int64_t value) {
  Keep(sqlite3_bind_int64(statement_, ++bound_, value));
  return *this;
}

SqlStatement& SqlStatement::BindText(std::string_view text) {
  Keep(sqlite3_bind_text64(statement_, ++bound_, DataOf(text), text.size(), SQLITE_STATIC,
                           SQLITE_UTF8));
  return *this;
}

SqlStatement& SqlStatement::BindBlob(std::string_view bytes) {
  Keep(sqlite3_bind_blob64(statement_, ++bound_, DataOf(bytes), bytes.size(), SQLITE_STATIC));
  return *this;
}

absl::StatusOr<bool> SqlStatement::Next() {
  SQUALL_RETURN_IF_ERROR(error_);
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) {
    return true;
  }
  if (code == SQLITE_DONE) {
    return false;
  }
  Keep(code);
  return error_;
}

absl::Status SqlStatement::Run() {
  bool more = true;
  while (more) {
    SQUALL_ASSIGN_OR_RETURN(more, Next());
  }
  return absl::OkStatus();
}

int64_t SqlStatement::Integer(int column) const { return sqlite3_column_int64(statement_, column); }

std::string SqlStatement::Bytes(int column) const {
  const void* bytes = sqlite3_column_blob(statement_, column);
  const int size = sqlite3_column_bytes(statement_, column);
  return bytes == nullptr ? std::string()
                          : std::string(static_cast<const char*>(bytes), static_cast<size_t>(size));
}

void SqlStatement::Keep(int code) {
  if (code != SQLITE_OK && error_.ok()) {
    error_ = database_->Error(code);
  }
}

}  // namespace squall
