// The writing half of the run store: records to rows. Called inside a transaction, with records
// that CheckWrite() has passed. Errors besides SQLite's: NOT_FOUND, ALREADY_EXISTS,
// FAILED_PRECONDITION, each with the id of the run.
#pragma once

#include <string_view>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "daemon/store/records.h"
#include "daemon/store/sqlite.h"

namespace squall {

absl::Status InsertRun(SqlDatabase* database, const RunRecord& run);
absl::Status ApplyWrite(SqlDatabase* database, const RunWrite& write);
// With everything that belongs to it; not while it is active.
absl::Status DeleteRun(SqlDatabase* database, std::string_view run_id);
// Drops a few milliseconds' worth of a deleted run's points, which DeleteRun leaves behind out of
// everybody's sight. False when there was nothing left to drop.
absl::StatusOr<bool> SweepPortion(SqlDatabase* database);

}  // namespace squall
