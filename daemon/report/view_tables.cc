// The tables of view_json.h: rows of cells, as their columns are named in web/src/api.ts.
#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "daemon/report/figures.h"
#include "daemon/report/json_writer.h"
#include "daemon/report/text.h"
#include "daemon/report/view_json.h"
#include "daemon/report/view_number.h"

namespace squall {
namespace {

constexpr std::array<std::string_view, 32> kStatsColumns = {"method",
                                                            "name",
                                                            "requests",
                                                            "failures",
                                                            "timeouts",
                                                            "response_mean",
                                                            "response_min",
                                                            "response_max",
                                                            "response_p50",
                                                            "response_p66",
                                                            "response_p75",
                                                            "response_p80",
                                                            "response_p90",
                                                            "response_p95",
                                                            "response_p98",
                                                            "response_p99",
                                                            "response_p99_9",
                                                            "response_p99_99",
                                                            "service_mean",
                                                            "service_min",
                                                            "service_max",
                                                            "service_p50",
                                                            "service_p90",
                                                            "service_p95",
                                                            "service_p99",
                                                            "service_p99_9",
                                                            "start_delay_p99",
                                                            "bytes_mean",
                                                            "rps",
                                                            "failures_ps",
                                                            "current_rps",
                                                            "current_failures_ps"};
constexpr std::array<double, 10> kResponseQuantiles = {0.5,  0.66, 0.75, 0.8,   0.9,
                                                       0.95, 0.98, 0.99, 0.999, 0.9999};
constexpr std::array<double, 5> kServiceQuantiles = {0.5, 0.9, 0.95, 0.99, 0.999};
constexpr std::array<std::string_view, 6> kFailureColumns = {"count",  "method",   "name",
                                                             "reason", "first_at", "last_at"};
constexpr std::array<std::string_view, 4> kExceptionColumns = {"count", "message", "traceback",
                                                               "agents"};
constexpr std::array<std::string_view, 18> kAgentColumns = {
    "id",           "name",       "version",   "state",    "lost",      "users",
    "target_users", "requests",   "failures",  "rps",      "cpu_cores", "shards",
    "loop_lag_p99", "start_skew", "rss_bytes", "open_fds", "fd_limit",  "last_seen"};

// One table; what is behind the last row that is sent is only counted.
class TableWriter final {
 public:
  TableWriter(uint64_t version, std::span<const std::string_view> columns, size_t rows)
      : json_(JsonWriter::Style::kCompact), rows_(rows) {
    json_.BeginObject().Field("version", version).Key("columns").BeginArray();
    for (const std::string_view column : columns) {
      json_.Value(column);
    }
    json_.EndArray().Key("rows").BeginArray();
  }

  bool Full() const { return written_ >= kViewRowsMax; }
  void BeginRow() {
    json_.BeginArray();
    ++written_;
  }
  void EndRow() { json_.EndArray(); }
  // Behind the last row; a row of cells may follow.
  void BeginTotal() { json_.EndArray().Key("total").BeginArray(); }
  std::string Take() {
    json_.EndArray().Field("left_out", rows_ - std::min(rows_, written_)).EndObject();
    return json_.Take();
  }

  void Text(std::string_view text) { json_.Text(text, kViewTextBytesMax); }
  void Count(uint64_t count) { json_.Value(count); }
  void Number(const ViewNumber& number) { json_.Number(number.text()); }
  void Nothing() { json_.Null(); }
  void Instant(WallTime at) { at == WallTime{} ? json_.Null() : json_.Value(FormatUtcMillis(at)); }

 private:
  JsonWriter json_;
  size_t rows_;
  size_t written_ = 0;
};

// Mean, min, max and percentiles of one histogram.
template <size_t kSize>
void PutTimes(const Histogram& times, const std::array<double, kSize>& quantiles,
              TableWriter* table) {
  if (times.count() == 0) {
    for (size_t i = 0; i < quantiles.size() + 3; ++i) {
      table->Nothing();
    }
    return;
  }
  std::array<Nanos, kSize> found{};
  times.Percentiles(quantiles, found);
  for (const Nanos time : {times.Mean(), times.min(), times.max()}) {
    table->Number(ViewNumber::Millis(time));
  }
  for (const Nanos time : found) {
    table->Number(ViewNumber::Millis(time));
  }
}

// What divides the counts of a row.
struct Spans {
  Nanos measured{0};  // of the run
  Nanos window{0};    // the last seconds; 0: nothing goes on any more
};

Spans SpansOf(const RunView& view) {
  Spans spans{.measured = view.total->MeasuredTime()};
  const RunState state = view.summary.state;
  if (view.before != nullptr) {
    spans.window = view.total->elapsed - view.before->elapsed;
  } else if (state != RunState::kFinished && state != RunState::kFailed) {
    spans.window = view.total->elapsed;
  }
  return spans;
}

void PutStats(const EntryKey& key, const EntryStats& now, const EntryStats& before,
              const Spans& spans, TableWriter* table) {
  table->Text(key.method);
  table->Text(key.name);
  table->Count(now.requests);
  table->Count(now.failures);
  table->Count(now.timeouts);
  PutTimes(now.response, kResponseQuantiles, table);
  PutTimes(now.service, kServiceQuantiles, table);
  now.start_delay.count() == 0
      ? table->Nothing()
      : table->Number(ViewNumber::Millis(now.start_delay.Percentile(0.99)));
  now.requests == 0 ? table->Nothing()
                    : table->Number(ViewNumber::Of(Ratio(now.bytes_received, now.requests)));
  table->Number(ViewNumber::Of(PerSecond(now.requests, spans.measured)));
  table->Number(ViewNumber::Of(PerSecond(now.failures, spans.measured)));
  if (spans.window <= Nanos(0)) {
    table->Nothing();
    table->Nothing();
    return;
  }
  table->Number(ViewNumber::Of(PerSecond(Grown(before.requests, now.requests), spans.window)));
  table->Number(ViewNumber::Of(PerSecond(Grown(before.failures, now.failures), spans.window)));
}

// Without the histograms, which nobody asks for.
EntryStats CountsBefore(const Snapshot* before) {
  EntryStats counts;
  if (before != nullptr) {
    for (const EntryRow& row : EntryRows(*before)) {
      counts.requests += row.stats->requests;
      counts.failures += row.stats->failures;
    }
  }
  return counts;
}

}  // namespace

std::string StatsJson(const RunView& view) {
  if (view.total == nullptr) {
    TableWriter table(view.version, kStatsColumns, 0);
    table.BeginTotal();
    return table.Take();
  }
  const std::vector<EntryRow> rows = EntryRows(*view.total);
  const Spans spans = SpansOf(view);
  TableWriter table(view.version, kStatsColumns, rows.size());
  for (const EntryRow& row : rows) {
    if (table.Full()) {
      break;
    }
    table.BeginRow();
    PutStats(*row.key, *row.stats, FindEntry(view.before.get(), *row.key), spans, &table);
    table.EndRow();
  }
  table.BeginTotal();
  PutStats({.name = "Aggregated"}, view.total->Total(), CountsBefore(view.before.get()), spans,
           &table);
  return table.Take();
}

std::string FailuresJson(const RunView& view) {
  std::vector<FailureRow> rows;
  if (view.total != nullptr) {
    rows = FailureRows(*view.total);
  }
  TableWriter table(view.version, kFailureColumns, rows.size());
  for (const FailureRow& row : rows) {
    if (table.Full()) {
      break;
    }
    table.BeginRow();
    table.Count(row.stats->count);
    table.Text(row.key->method);
    table.Text(row.key->name);
    table.Text(row.key->reason);
    table.Instant(row.stats->first_at);
    table.Instant(row.stats->last_at);
    table.EndRow();
  }
  table.BeginTotal();
  return table.Take();
}

std::string ExceptionsJson(const RunView& view) {
  static const Snapshot nothing;
  const Snapshot& total = view.total == nullptr ? nothing : *view.total;
  TableWriter table(view.version, kExceptionColumns, total.task_errors.size());
  for (const auto& [error, count] : total.task_errors) {
    if (table.Full()) {
      break;
    }
    const TaskErrorText parts = SplitTaskError(error);
    table.BeginRow();
    table.Count(count);
    table.Text(parts.message);
    table.Text(parts.traceback);
    const auto places = view.error_agents.find(error);
    places == view.error_agents.end() ? table.Nothing() : table.Text(places->second);
    table.EndRow();
  }
  table.BeginTotal();
  return table.Take();
}

std::string AgentsJson(const RunView& view) {
  TableWriter table(view.version, kAgentColumns, view.agents.size());
  for (const AgentView& agent : view.agents) {
    if (table.Full()) {
      break;
    }
    table.BeginRow();
    table.Text(agent.agent_id);
    table.Text(agent.name);
    table.Text(agent.version);
    table.Text(RunStateName(agent.state));
    table.Count(agent.lost ? 1 : 0);
    table.Count(agent.users);
    table.Count(agent.target_users);
    table.Count(agent.requests);
    table.Count(agent.failures);
    table.Number(ViewNumber::Of(agent.requests_per_second));
    table.Number(ViewNumber::Of(agent.cpu_cores));
    table.Count(agent.shards);
    table.Number(ViewNumber::Millis(agent.loop_lag_p99));
    table.Number(ViewNumber::Millis(agent.start_skew));
    table.Count(agent.rss_bytes);
    table.Count(agent.open_fds);
    table.Count(agent.fd_limit);
    table.Instant(agent.last_seen);
    table.EndRow();
  }
  table.BeginTotal();
  return table.Take();
}

}  // namespace squall
