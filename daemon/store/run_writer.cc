#include "daemon/store/run_writer.h"

#include <fmt/format.h>

#include "daemon/base/status_macros.h"
#include "daemon/store/run_reader.h"

namespace squall {
namespace {

int64_t ToColumn(WallTime time) { return time.time_since_epoch().count(); }
int64_t ToColumn(uint64_t epoch) { return static_cast<int64_t>(epoch); }

absl::Status Apply(SqlDatabase* database, const RunRecord& run) {
  SqlStatement update(database,
                      "UPDATE runs SET name = ?, state = ?, started_ns = ?, ended_ns = ?, "
                      "verdict = ?, exit_code = ?, owner = ?, epoch = ? WHERE run_id = ?");
  SQUALL_RETURN_IF_ERROR(update.BindText(run.name)
                             .BindText(StoredStateName(run.state))
                             .BindInteger(ToColumn(run.started_at))
                             .BindInteger(ToColumn(run.ended_at))
                             .BindText(run.verdict)
                             .BindInteger(run.exit_code)
                             .BindText(run.owner)
                             .BindInteger(ToColumn(run.epoch))
                             .BindText(run.run_id)
                             .Run());
  return database->changed_rows() > 0 ? absl::OkStatus() : UnknownRun(run.run_id);
}

absl::Status Apply(SqlDatabase* database, const DocumentRecord& document) {
  SQUALL_ASSIGN_OR_RETURN(const int64_t run, FindRow(database, document.run_id));
  return SqlStatement(database,
                      "INSERT INTO documents (run, kind, value) VALUES (?, ?, ?) "
                      "ON CONFLICT DO UPDATE SET value = excluded.value")
      .BindInteger(run)
      .BindText(DocumentKindName(document.kind))
      .BindBlob(document.bytes)
      .Run();
}

absl::Status Apply(SqlDatabase* database, const AgentRecord& agent) {
  SQUALL_ASSIGN_OR_RETURN(const int64_t run, FindRow(database, agent.run_id));
  return SqlStatement(database,
                      "INSERT INTO agents (run, agent_id, address, epoch, lost, reported_ns, "
                      "assignment, snapshot) VALUES (?, ?, ?, ?, ?, ?, ?, ?) "
                      "ON CONFLICT DO UPDATE SET address = excluded.address, "
                      "epoch = excluded.epoch, lost = excluded.lost, "
                      "reported_ns = excluded.reported_ns, assignment = excluded.assignment, "
                      "snapshot = excluded.snapshot")
      .BindInteger(run)
      .BindText(agent.agent_id)
      .BindText(agent.address)
      .BindInteger(ToColumn(agent.epoch))
      .BindInteger(agent.lost ? 1 : 0)
      .BindInteger(ToColumn(agent.reported_at))
      .BindBlob(agent.assignment)
      .BindBlob(agent.snapshot)
      .Run();
}

absl::StatusOr<int64_t> NextEventNumber(SqlDatabase* database, int64_t run) {
  SqlStatement last(database, "SELECT MAX(number) + 1 FROM events WHERE run = ?");
  SQUALL_RETURN_IF_ERROR(last.BindInteger(run).Next().status());
  return last.Integer(0);  // NULL, which reads as 0, before the first
}

absl::Status Apply(SqlDatabase* database, const EventRecord& event) {
  SQUALL_ASSIGN_OR_RETURN(const int64_t run, FindRow(database, event.run_id));
  SQUALL_ASSIGN_OR_RETURN(const int64_t number, NextEventNumber(database, run));
  if (number >= kEventsMax) {
    // Behind the first ones that stay, the oldest makes room.
    SQUALL_RETURN_IF_ERROR(SqlStatement(database, "DELETE FROM events WHERE run = ? AND number = ?")
                               .BindInteger(run)
                               .BindInteger(number - (kEventsMax - kFirstEventsKept))
                               .Run());
  }
  const std::string text = CutEventText(event.text);
  return SqlStatement(database, "INSERT INTO events (run, number, at_ns, text) VALUES (?, ?, ?, ?)")
      .BindInteger(run)
      .BindInteger(number)
      .BindInteger(ToColumn(event.at))
      .BindText(text)
      .Run();
}

absl::Status Apply(SqlDatabase* database, const PointRecord& point) {
  SQUALL_ASSIGN_OR_RETURN(const int64_t run, FindRow(database, point.run_id));
  return SqlStatement(database,
                      "INSERT INTO points (run, series, position, value) VALUES (?, ?, ?, ?) "
                      "ON CONFLICT DO UPDATE SET value = excluded.value")
      .BindInteger(run)
      .BindText(point.series)
      .BindInteger(point.index)
      .BindBlob(point.bytes)
      .Run();
}

absl::Status Apply(SqlDatabase* database, const SeriesCut& cut) {
  SQUALL_ASSIGN_OR_RETURN(const int64_t run, FindRow(database, cut.run_id));
  return SqlStatement(database, "DELETE FROM points WHERE run = ? AND series = ? AND position >= ?")
      .BindInteger(run)
      .BindText(cut.series)
      .BindInteger(cut.size)
      .Run();
}

absl::Status Apply(SqlDatabase* database, const ReportRecord& report) {
  SQUALL_ASSIGN_OR_RETURN(const int64_t run, FindRow(database, report.run_id));
  return SqlStatement(database,
                      "INSERT INTO reports (run, format, value) VALUES (?, ?, ?) "
                      "ON CONFLICT DO UPDATE SET value = excluded.value")
      .BindInteger(run)
      .BindText(report.format)
      .BindBlob(report.text)
      .Run();
}

}  // namespace

absl::Status InsertRun(SqlDatabase* database, const RunRecord& run) {
  SqlStatement insert(database,
                      "INSERT INTO runs (run_id, name, state, created_ns, started_ns, ended_ns, "
                      "verdict, exit_code, owner, epoch) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
                      "ON CONFLICT DO NOTHING");
  SQUALL_RETURN_IF_ERROR(insert.BindText(run.run_id)
                             .BindText(run.name)
                             .BindText(StoredStateName(run.state))
                             .BindInteger(ToColumn(run.created_at))
                             .BindInteger(ToColumn(run.started_at))
                             .BindInteger(ToColumn(run.ended_at))
                             .BindText(run.verdict)
                             .BindInteger(run.exit_code)
                             .BindText(run.owner)
                             .BindInteger(ToColumn(run.epoch))
                             .Run());
  if (database->changed_rows() == 0) {
    return absl::AlreadyExistsError(
        fmt::format("run_id must be new, and run '{}' is in the store", run.run_id));
  }
  return absl::OkStatus();
}

absl::Status ApplyWrite(SqlDatabase* database, const RunWrite& write) {
  return std::visit([&](const auto& record) { return Apply(database, record); }, write);
}

absl::Status DeleteRun(SqlDatabase* database, std::string_view run_id) {
  SQUALL_ASSIGN_OR_RETURN(const RunRecord run, ReadRun(database, run_id));
  if (IsActive(run.state)) {
    return absl::FailedPreconditionError(
        fmt::format("run '{}' must have ended before it is deleted, and it is {}: stop it first",
                    run_id, StoredStateName(run.state)));
  }
  SQUALL_RETURN_IF_ERROR(
      SqlStatement(database, "INSERT INTO deleted_runs SELECT id FROM runs WHERE run_id = ?")
          .BindText(run_id)
          .Run());
  return SqlStatement(database, "DELETE FROM runs WHERE run_id = ?").BindText(run_id).Run();
}

absl::StatusOr<bool> SweepPortion(SqlDatabase* database) {
  SQUALL_ASSIGN_OR_RETURN(const int64_t run,
                          ReadNumber(database, "SELECT run FROM deleted_runs LIMIT 1"));
  if (run == 0) {
    return false;
  }
  SQUALL_RETURN_IF_ERROR(
      SqlStatement(database,
                   "DELETE FROM points WHERE run = ?1 AND (series, position) IN "
                   "(SELECT series, position FROM points WHERE run = ?1 LIMIT 4000)")
          .BindInteger(run)
          .Run());
  if (database->changed_rows() == 0) {
    SQUALL_RETURN_IF_ERROR(
        SqlStatement(database, "DELETE FROM deleted_runs WHERE run = ?").BindInteger(run).Run());
  }
  return true;
}

}  // namespace squall
