#include "daemon/store/run_reader.h"

#include <algorithm>
#include <charconv>
#include <limits>

#include <fmt/format.h>

#include "daemon/base/status_macros.h"

namespace squall {
namespace {

// A place in the list of runs, which is sorted by time and then by row.
struct Cursor {
  int64_t created_ns = std::numeric_limits<int64_t>::max();
  int64_t row = std::numeric_limits<int64_t>::max();
};

std::string ToToken(const Cursor& cursor) {
  return fmt::format("{}.{}", cursor.created_ns, cursor.row);
}

absl::StatusOr<Cursor> ParseToken(std::string_view token) {
  Cursor cursor;
  if (token.empty()) {
    return cursor;
  }
  const char* const end = token.data() + token.size();
  const auto created = std::from_chars(token.data(), end, cursor.created_ns);
  if (created.ec == std::errc() && created.ptr != end && *created.ptr == '.') {
    const auto row = std::from_chars(created.ptr + 1, end, cursor.row);
    if (row.ec == std::errc() && row.ptr == end) {
      return cursor;
    }
  }
  return absl::InvalidArgumentError("page_token must come from the page before");
}

WallTime ToTime(int64_t column) { return WallTime(Nanos(column)); }

// Columns 0 to 10, in the order in which the queries below name them.
absl::StatusOr<RunRecord> ToRun(const SqlStatement& row) {
  RunRecord run;
  run.run_id = row.Bytes(0);
  run.name = row.Bytes(1);
  const std::string state = row.Bytes(2);
  const std::optional<StoredState> known_state = ParseStoredState(state);
  if (!known_state) {
    return absl::DataLossError(fmt::format("run '{}' has no known state: '{}'", run.run_id, state));
  }
  run.state = *known_state;
  run.created_at = ToTime(row.Integer(3));
  run.started_at = ToTime(row.Integer(4));
  run.ended_at = ToTime(row.Integer(5));
  run.verdict = row.Bytes(6);
  run.exit_code = static_cast<int>(row.Integer(7));
  run.owner = row.Bytes(8);
  run.epoch = static_cast<uint64_t>(row.Integer(9));
  run.stored_bytes = row.Integer(10);
  return run;
}

// The first column of every row.
absl::StatusOr<std::vector<std::string>> ToNames(SqlStatement* statement) {
  std::vector<std::string> names;
  while (true) {
    SQUALL_ASSIGN_OR_RETURN(const bool more, statement->Next());
    if (!more) {
      return names;
    }
    names.push_back(statement->Bytes(0));
  }
}

}  // namespace

absl::Status UnknownRun(std::string_view run_id) {
  return absl::NotFoundError(fmt::format("run '{}' is not in the store", run_id));
}

absl::StatusOr<int64_t> FindRow(SqlDatabase* database, std::string_view run_id) {
  SQUALL_RETURN_IF_ERROR(CheckRunId(run_id));
  SqlStatement find(database, "SELECT id FROM runs WHERE run_id = ?");
  SQUALL_ASSIGN_OR_RETURN(const bool found, find.BindText(run_id).Next());
  if (!found) {
    return UnknownRun(run_id);
  }
  return find.Integer(0);
}

absl::StatusOr<RunRecord> ReadRun(SqlDatabase* database, std::string_view run_id) {
  SQUALL_RETURN_IF_ERROR(CheckRunId(run_id));
  SqlStatement find(database,
                    "SELECT run_id, name, state, created_ns, started_ns, ended_ns, verdict, "
                    "exit_code, owner, epoch, bytes FROM runs WHERE run_id = ?");
  SQUALL_ASSIGN_OR_RETURN(const bool found, find.BindText(run_id).Next());
  if (!found) {
    return UnknownRun(run_id);
  }
  return ToRun(find);
}

absl::StatusOr<RunPage> ReadRunPage(SqlDatabase* database, const RunFilter& filter) {
  if (filter.limit < 1 || filter.limit > kRunPageMax) {
    return absl::InvalidArgumentError(
        fmt::format("limit must be between 1 and {}, not {}", kRunPageMax, filter.limit));
  }
  SQUALL_ASSIGN_OR_RETURN(const Cursor before, ParseToken(filter.page_token));
  const std::string_view state = filter.state ? StoredStateName(*filter.state) : "";
  SqlStatement list(database,
                    "SELECT run_id, name, state, created_ns, started_ns, ended_ns, verdict, "
                    "exit_code, owner, epoch, bytes, id FROM runs "
                    "WHERE (?1 = '' OR name = ?1) AND (?2 = '' OR state = ?2) "
                    "AND created_ns >= ?3 AND (created_ns, id) < (?4, ?5) "
                    "ORDER BY created_ns DESC, id DESC LIMIT ?6");
  list.BindText(filter.name)
      .BindText(state)
      .BindInteger(filter.since.time_since_epoch().count())
      .BindInteger(before.created_ns)
      .BindInteger(before.row)
      .BindInteger(filter.limit + 1);  // one more shows whether there is a next page

  RunPage page;
  Cursor last;
  while (true) {
    SQUALL_ASSIGN_OR_RETURN(const bool more, list.Next());
    if (!more) {
      return page;
    }
    if (page.runs.size() == static_cast<size_t>(filter.limit)) {
      page.next_page_token = ToToken(last);
      return page;
    }
    SQUALL_ASSIGN_OR_RETURN(RunRecord run, ToRun(list));
    last = {.created_ns = list.Integer(3), .row = list.Integer(11)};
    page.runs.push_back(std::move(run));
  }
}

absl::StatusOr<std::vector<RunRecord>> ReadAllRuns(SqlDatabase* database) {
  SqlStatement list(database,
                    "SELECT run_id, name, state, created_ns, started_ns, ended_ns, verdict, "
                    "exit_code, owner, epoch, bytes FROM runs");
  std::vector<RunRecord> runs;
  while (true) {
    SQUALL_ASSIGN_OR_RETURN(const bool more, list.Next());
    if (!more) {
      return runs;
    }
    SQUALL_ASSIGN_OR_RETURN(RunRecord run, ToRun(list));
    runs.push_back(std::move(run));
  }
}

absl::StatusOr<std::string> ReadDocument(SqlDatabase* database, std::string_view run_id,
                                         DocumentKind kind) {
  SQUALL_ASSIGN_OR_RETURN(const int64_t run, FindRow(database, run_id));
  SqlStatement find(database, "SELECT value FROM documents WHERE run = ? AND kind = ?");
  SQUALL_ASSIGN_OR_RETURN(const bool found,
                          find.BindInteger(run).BindText(DocumentKindName(kind)).Next());
  if (!found) {
    return absl::NotFoundError(fmt::format("run '{}' has no {}", run_id, DocumentKindName(kind)));
  }
  return find.Bytes(0);
}

absl::StatusOr<std::vector<AgentRecord>> ReadAgents(SqlDatabase* database,
                                                    std::string_view run_id) {
  SQUALL_ASSIGN_OR_RETURN(const int64_t run, FindRow(database, run_id));
  SqlStatement list(database,
                    "SELECT agent_id, address, epoch, lost, reported_ns, assignment, snapshot "
                    "FROM agents WHERE run = ? ORDER BY agent_id");
  list.BindInteger(run);
  std::vector<AgentRecord> agents;
  while (true) {
    SQUALL_ASSIGN_OR_RETURN(const bool more, list.Next());
    if (!more) {
      return agents;
    }
    agents.push_back({.run_id = std::string(run_id),
                      .agent_id = list.Bytes(0),
                      .address = list.Bytes(1),
                      .epoch = static_cast<uint64_t>(list.Integer(2)),
                      .lost = list.Integer(3) != 0,
                      .reported_at = ToTime(list.Integer(4)),
                      .assignment = list.Bytes(5),
                      .snapshot = list.Bytes(6)});
  }
}

absl::StatusOr<std::vector<EventRecord>> ReadEvents(SqlDatabase* database, std::string_view run_id,
                                                    int64_t limit) {
  SQUALL_ASSIGN_OR_RETURN(const int64_t run, FindRow(database, run_id));
  SqlStatement list(database,
                    "SELECT at_ns, text, number FROM events WHERE run = ? "
                    "ORDER BY number DESC LIMIT ?");
  list.BindInteger(run).BindInteger(std::clamp<int64_t>(limit, 0, kEventsMax));
  std::vector<EventRecord> events;
  while (true) {
    SQUALL_ASSIGN_OR_RETURN(const bool more, list.Next());
    if (!more) {
      std::reverse(events.begin(), events.end());
      return events;
    }
    events.push_back({.run_id = std::string(run_id),
                      .at = ToTime(list.Integer(0)),
                      .text = list.Bytes(1),
                      .number = list.Integer(2)});
  }
}

absl::StatusOr<std::vector<PointRecord>> ReadSeries(SqlDatabase* database, std::string_view run_id,
                                                    std::string_view series) {
  SQUALL_ASSIGN_OR_RETURN(const int64_t run, FindRow(database, run_id));
  SqlStatement list(database,
                    "SELECT position, value FROM points WHERE run = ? AND series = ? "
                    "ORDER BY position");
  list.BindInteger(run).BindText(series);
  std::vector<PointRecord> points;
  while (true) {
    SQUALL_ASSIGN_OR_RETURN(const bool more, list.Next());
    if (!more) {
      return points;
    }
    points.push_back({.run_id = std::string(run_id),
                      .series = std::string(series),
                      .index = list.Integer(0),
                      .bytes = list.Bytes(1)});
  }
}

absl::StatusOr<std::vector<std::string>> ReadSeriesNames(SqlDatabase* database,
                                                         std::string_view run_id) {
  SQUALL_ASSIGN_OR_RETURN(const int64_t run, FindRow(database, run_id));
  // From name to name by the index: DISTINCT would read every point.
  SqlStatement list(database,
                    "WITH RECURSIVE names (name) AS ("
                    "SELECT MIN(series) FROM points WHERE run = ?1 UNION ALL "
                    "SELECT (SELECT MIN(series) FROM points WHERE run = ?1 AND series > name) "
                    "FROM names WHERE name IS NOT NULL) "
                    "SELECT name FROM names WHERE name IS NOT NULL");
  list.BindInteger(run);
  return ToNames(&list);
}

absl::StatusOr<std::string> ReadReport(SqlDatabase* database, std::string_view run_id,
                                       std::string_view format) {
  SQUALL_ASSIGN_OR_RETURN(const int64_t run, FindRow(database, run_id));
  SqlStatement find(database, "SELECT value FROM reports WHERE run = ? AND format = ?");
  SQUALL_ASSIGN_OR_RETURN(const bool found, find.BindInteger(run).BindText(format).Next());
  if (!found) {
    return absl::NotFoundError(fmt::format("run '{}' has no report '{}'", run_id, format));
  }
  return find.Bytes(0);
}

absl::StatusOr<std::vector<std::string>> ReadReportFormats(SqlDatabase* database,
                                                           std::string_view run_id) {
  SQUALL_ASSIGN_OR_RETURN(const int64_t run, FindRow(database, run_id));
  SqlStatement list(database, "SELECT format FROM reports WHERE run = ? ORDER BY format");
  list.BindInteger(run);
  return ToNames(&list);
}

}  // namespace squall
