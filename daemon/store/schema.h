// The tables of the run store and how an older file gets them. One thread.
#pragma once

#include <absl/status/status.h>

#include "daemon/store/sqlite.h"

namespace squall {

// Switches to write-ahead logging and makes the tables, or brings them up to date in one
// transaction per version. FAILED_PRECONDITION when a newer squall or another program has written
// the file, DATA_LOSS when it is no database.
absl::Status PrepareSchema(SqlDatabase* database);

}  // namespace squall
