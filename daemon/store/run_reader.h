// The reading half of the run store: rows to records. One thread at a time. Errors besides
// SQLite's: NOT_FOUND with the id of the run, INVALID_ARGUMENT for a filter that cannot be.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "daemon/store/records.h"
#include "daemon/store/sqlite.h"

namespace squall {

inline constexpr int kRunPageMax = 1000;

// Everything that is set must hold.
struct RunFilter {
  std::string name;  // the whole name; "" = any
  std::optional<StoredState> state;
  WallTime since{};        // created then or later
  int limit = 100;         // runs on a page, 1 to kRunPageMax
  std::string page_token;  // of the page before; "" = the first page
};

struct RunPage {
  std::vector<RunRecord> runs;  // the newest first
  std::string next_page_token;  // "" = this is the last page
};

absl::Status UnknownRun(std::string_view run_id);
// The row of a run, which the other tables refer to.
absl::StatusOr<int64_t> FindRow(SqlDatabase* database, std::string_view run_id);

absl::StatusOr<RunRecord> ReadRun(SqlDatabase* database, std::string_view run_id);
absl::StatusOr<RunPage> ReadRunPage(SqlDatabase* database, const RunFilter& filter);
absl::StatusOr<std::vector<RunRecord>> ReadAllRuns(SqlDatabase* database);

absl::StatusOr<std::string> ReadDocument(SqlDatabase* database, std::string_view run_id,
                                         DocumentKind kind);
// By agent id.
absl::StatusOr<std::vector<AgentRecord>> ReadAgents(SqlDatabase* database, std::string_view run_id);
// The last `limit` ones, the oldest first.
absl::StatusOr<std::vector<EventRecord>> ReadEvents(SqlDatabase* database, std::string_view run_id,
                                                    int64_t limit);
// By index; empty for a series that does not exist.
absl::StatusOr<std::vector<PointRecord>> ReadSeries(SqlDatabase* database, std::string_view run_id,
                                                    std::string_view series);
absl::StatusOr<std::vector<std::string>> ReadSeriesNames(SqlDatabase* database,
                                                         std::string_view run_id);
absl::StatusOr<std::string> ReadReport(SqlDatabase* database, std::string_view run_id,
                                       std::string_view format);
absl::StatusOr<std::vector<std::string>> ReadReportFormats(SqlDatabase* database,
                                                           std::string_view run_id);

}  // namespace squall
