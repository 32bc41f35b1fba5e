#include "daemon/store/schema.h"

#include <array>

#include <fmt/format.h>

#include "daemon/base/status_macros.h"

namespace squall {
namespace {

// In the header of the file, so that another program's database is not taken for ours: "sqll".
constexpr int64_t kApplicationId = 0x73716C6C;

// Times are nanoseconds since 1970-01-01 UTC. `bytes` is kept by the triggers below, since adding
// up a large store would take seconds; the constants are what a row costs beside its values. A long
// run has so many points that a cascade would hold up everybody for seconds: those of deleted_runs
// go in portions (SweepPortion), and so the id of a run is never used again.
constexpr Sql kVersion1 = R"(
CREATE TABLE runs (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  run_id TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  state TEXT NOT NULL,
  created_ns INTEGER NOT NULL,
  started_ns INTEGER NOT NULL,
  ended_ns INTEGER NOT NULL,
  verdict TEXT NOT NULL,
  exit_code INTEGER NOT NULL,
  owner TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  bytes INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX runs_by_age ON runs (created_ns, id);

CREATE TABLE documents (
  run INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  kind TEXT NOT NULL,
  value BLOB NOT NULL,
  UNIQUE (run, kind)
) STRICT;
CREATE TABLE agents (
  run INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  agent_id TEXT NOT NULL,
  address TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  lost INTEGER NOT NULL,
  reported_ns INTEGER NOT NULL,
  assignment BLOB NOT NULL,
  snapshot BLOB NOT NULL,
  UNIQUE (run, agent_id)
) STRICT;
CREATE TABLE events (
  run INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  number INTEGER NOT NULL,
  at_ns INTEGER NOT NULL,
  text TEXT NOT NULL,
  PRIMARY KEY (run, number)
) STRICT, WITHOUT ROWID;
CREATE TABLE points (
  run INTEGER NOT NULL,
  series TEXT NOT NULL,
  position INTEGER NOT NULL,
  value BLOB NOT NULL,
  PRIMARY KEY (run, series, position)
) STRICT, WITHOUT ROWID;
CREATE TABLE deleted_runs (run INTEGER PRIMARY KEY) STRICT;
CREATE TABLE reports (
  run INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  format TEXT NOT NULL,
  value BLOB NOT NULL,
  UNIQUE (run, format)
) STRICT;

CREATE TRIGGER document_added AFTER INSERT ON documents BEGIN
  UPDATE runs SET bytes = bytes + LENGTH(new.value) WHERE id = new.run;
END;
CREATE TRIGGER document_changed AFTER UPDATE ON documents BEGIN
  UPDATE runs SET bytes = bytes + LENGTH(new.value) - LENGTH(old.value) WHERE id = new.run;
END;
CREATE TRIGGER agent_added AFTER INSERT ON agents BEGIN
  UPDATE runs SET bytes = bytes + LENGTH(new.assignment) + LENGTH(new.snapshot) + 128
  WHERE id = new.run;
END;
CREATE TRIGGER agent_changed AFTER UPDATE ON agents BEGIN
  UPDATE runs SET bytes = bytes + LENGTH(new.assignment) - LENGTH(old.assignment)
                                + LENGTH(new.snapshot) - LENGTH(old.snapshot)
  WHERE id = new.run;
END;
CREATE TRIGGER event_added AFTER INSERT ON events BEGIN
  UPDATE runs SET bytes = bytes + LENGTH(CAST(new.text AS BLOB)) + 16 WHERE id = new.run;
END;
CREATE TRIGGER event_dropped AFTER DELETE ON events BEGIN
  UPDATE runs SET bytes = bytes - LENGTH(CAST(old.text AS BLOB)) - 16 WHERE id = old.run;
END;
CREATE TRIGGER point_added AFTER INSERT ON points BEGIN
  UPDATE runs SET bytes = bytes + LENGTH(new.value) + LENGTH(new.series) + 16 WHERE id = new.run;
END;
CREATE TRIGGER point_changed AFTER UPDATE ON points BEGIN
  UPDATE runs SET bytes = bytes + LENGTH(new.value) - LENGTH(old.value) WHERE id = new.run;
END;
CREATE TRIGGER point_dropped AFTER DELETE ON points BEGIN
  UPDATE runs SET bytes = bytes - LENGTH(old.value) - LENGTH(old.series) - 16 WHERE id = old.run;
END;
CREATE TRIGGER report_added AFTER INSERT ON reports BEGIN
  UPDATE runs SET bytes = bytes + LENGTH(new.value) WHERE id = new.run;
END;
CREATE TRIGGER report_changed AFTER UPDATE ON reports BEGIN
  UPDATE runs SET bytes = bytes + LENGTH(new.value) - LENGTH(old.value) WHERE id = new.run;
END;

PRAGMA application_id = 0x73716C6C;
PRAGMA user_version = 1;
)";

// Entry i takes a file from version i to i + 1 and ends with its PRAGMA user_version. An entry that
// has been released never changes.
constexpr std::array kMigrations = {kVersion1};

struct FileFacts {
  int64_t application_id = 0;
  int64_t version = 0;
  int64_t tables = 0;
};

absl::StatusOr<FileFacts> ReadFacts(SqlDatabase* database) {
  FileFacts facts;
  SQUALL_ASSIGN_OR_RETURN(facts.tables, ReadNumber(database, "SELECT COUNT(*) FROM sqlite_schema"));
  SQUALL_ASSIGN_OR_RETURN(facts.application_id, ReadNumber(database, "PRAGMA application_id"));
  SQUALL_ASSIGN_OR_RETURN(facts.version, ReadNumber(database, "PRAGMA user_version"));
  return facts;
}

absl::Status CheckFacts(const SqlDatabase& database, const FileFacts& facts) {
  if (facts.tables > 0 && facts.application_id != kApplicationId) {
    return absl::FailedPreconditionError(
        fmt::format("run store '{}' must not be another program's database: name another file",
                    database.path()));
  }
  const auto newest = static_cast<int64_t>(kMigrations.size());
  if (facts.version > newest) {
    return absl::FailedPreconditionError(fmt::format(
        "run store '{}' has format {}, and this squall reads formats up to {}: use the newer "
        "squall that wrote it, or name another file",
        database.path(), facts.version, newest));
  }
  return absl::OkStatus();
}

// WAL and NORMAL: what a call has written survives a crash of the process, and a power cut cannot
// damage the file, at one fsync per checkpoint instead of one per call.
absl::Status ConfigureConnection(SqlDatabase* database) {
  SqlStatement wal(database, "PRAGMA journal_mode = WAL");
  SQUALL_RETURN_IF_ERROR(wal.Next().status());
  const std::string mode = wal.Bytes(0);
  if (mode != "wal" && mode != "memory") {
    return absl::UnavailableError(fmt::format(
        "run store '{}' must lie on a file system that can do write-ahead logging (a network file "
        "system cannot): name another file",
        database->path()));
  }
  SQUALL_RETURN_IF_ERROR(wal.Run());
  return database->Execute(R"(
    PRAGMA synchronous = NORMAL;
    PRAGMA foreign_keys = ON;
    PRAGMA secure_delete = FAST;
    PRAGMA journal_size_limit = 67108864;
  )");
}

}  // namespace

absl::Status PrepareSchema(SqlDatabase* database) {
  SQUALL_ASSIGN_OR_RETURN(const FileFacts facts, ReadFacts(database));
  SQUALL_RETURN_IF_ERROR(CheckFacts(*database, facts));
  if (facts.tables == 0) {
    // Only an empty file takes this setting; with it, deleting runs can make the file smaller.
    SQUALL_RETURN_IF_ERROR(database->Execute("PRAGMA auto_vacuum = INCREMENTAL"));
  }
  SQUALL_RETURN_IF_ERROR(ConfigureConnection(database));
  for (auto version = static_cast<size_t>(facts.version); version < kMigrations.size(); ++version) {
    SQUALL_RETURN_IF_ERROR(
        database->Transact([&] { return database->Execute(kMigrations[version]); }));
  }
  return absl::OkStatus();
}

}  // namespace squall
