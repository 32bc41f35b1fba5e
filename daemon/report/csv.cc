#include "daemon/report/csv.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "daemon/base/status_macros.h"
#include "daemon/base/units.h"
#include "daemon/base/utf8.h"
#include "daemon/report/figures.h"
#include "daemon/report/text.h"

namespace squall {
namespace {

constexpr std::string_view kPercentileHeaders = "50%,66%,75%,80%,90%,95%,98%,99%,99.9%,99.99%,100%";
constexpr std::string_view kNoPercentiles = ",N/A,N/A,N/A,N/A,N/A,N/A,N/A,N/A,N/A,N/A,N/A";
constexpr Nanos kHistoryWindow = std::chrono::seconds(10);
// Snapshots come a little early or late; half a step keeps the window at ten steps.
constexpr Nanos kHistorySlack = std::chrono::milliseconds(500);

// As Python prints a float, which is what readers of Locust's files expect.
std::string PythonFloat(double value) {
  std::string text = fmt::format("{}", value);
  return text.find_first_of(".en") == std::string::npos ? text + ".0" : text;
}

std::string Percentiles(const Histogram& times) {
  std::string cells;
  for (const ReportPercentile& percentile : kReportPercentiles) {
    cells += "," + FileMillis(times.Percentile(percentile.quantile), 3);
  }
  return cells;
}

// Median, average, min, max, average content size: the same five columns in two of the files.
std::string TimesAndSize(const EntryStats& stats) {
  const double size = Ratio(stats.bytes_received, stats.requests);
  return fmt::format("{},{},{},{},{}", FileMillis(stats.response.Percentile(0.5), 3),
                     stats.requests == 0 ? "0.0" : FileMillis(stats.response.Mean(), 6),
                     FileMillis(stats.response.min(), 6), FileMillis(stats.response.max(), 6),
                     stats.requests == 0 ? "0" : PythonFloat(size));
}

std::string StatsRow(const EntryKey& key, const EntryStats& stats, Nanos measured) {
  return fmt::format(
      "{},{},{},{},{},{},{}{}\r\n", CsvText(key.method), CsvText(key.name), stats.requests,
      stats.failures, TimesAndSize(stats), PythonFloat(PerSecond(stats.requests, measured)),
      PythonFloat(PerSecond(stats.failures, measured)),
      stats.requests == 0 ? std::string(kNoPercentiles) : Percentiles(stats.response));
}

std::string NodesOf(const std::string& error, const std::vector<const Snapshot*>& agents) {
  std::string nodes;
  for (const Snapshot* agent : agents) {
    if (agent->task_errors.count(error) > 0 && !agent->agent_id.empty()) {
      nodes += (nodes.empty() ? "" : ", ") + agent->agent_id;
    }
  }
  return nodes.empty() ? "local" : nodes;
}

std::string WithSuffix(const CsvOptions& options, std::string_view suffix) {
  return fmt::format("{}_{}.csv", options.prefix, suffix);
}

std::string HistoryHeader() {
  return fmt::format(
      "Timestamp,User Count,Type,Name,Requests/s,Failures/s,{},Total Request Count,"
      "Total Failure Count,Total Median Response Time,Total Average Response Time,"
      "Total Min Response Time,Total Max Response Time,Total Average Content Size\r\n",
      kPercentileHeaders);
}

// With an East Asian locale the wide signs are as good as the narrow ones.
constexpr std::u32string_view kSigns = U"=+-@\uFF1D\uFF0B\uFF0D\uFF20";
constexpr std::u32string_view kSpaces = U" \u00A0\u3000";
// Where a spreadsheet whose list separator is not the comma begins a cell within ours. It may take
// our quotation marks for text then, so that they protect nothing, and drop those that are doubled.
constexpr std::u32string_view kSeparators = U";\t\r\n";

bool IsIn(std::u32string_view set, char32_t character) {
  return set.find(character) != std::u32string_view::npos;
}

// Whether a spreadsheet may run the cell: spaces before the sign do not stop all of them.
bool MayBeFormula(std::string_view cell) {
  while (!cell.empty()) {
    const char32_t character = TakeCharacter(&cell);
    if (!IsIn(kSpaces, character)) {
      return IsIn(kSigns, character) || IsIn(U"\t\r\n", character);
    }
  }
  return false;
}

// An apostrophe before each sign that would begin a formula in another locale's cell.
std::string DefusedWithin(std::string_view cell) {
  std::string defused;
  bool begins = false;
  while (!cell.empty()) {
    const char32_t character = TakeCharacter(&cell);
    if (begins && IsIn(kSigns, character)) {
      defused += '\'';
    }
    AppendUtf8(character, &defused);
    begins =
        IsIn(kSeparators, character) || (begins && (IsIn(kSpaces, character) || character == '"'));
  }
  return defused;
}

}  // namespace

std::string CsvText(std::string_view text) {
  const std::string valid = ValidUtf8(text);
  std::string cell;
  std::string_view rest = valid;
  while (!rest.empty()) {
    const char32_t character = TakeCharacter(&rest);
    // Line breaks and tabs are data in CSV; the rest would run in the terminal that shows the file.
    if (IsControl(character) && character != '\n' && character != '\r' && character != '\t') {
      std::string bare;
      AppendUtf8(character, &bare);
      cell += Printable(bare);
    } else {
      AppendUtf8(character, &cell);
    }
  }
  cell = DefusedWithin(cell);
  if (MayBeFormula(cell)) {
    cell.insert(cell.begin(), '\'');
  }
  if (cell.find_first_of(",\"\r\n") == std::string::npos) {
    return cell;
  }
  std::string quoted = "\"";
  for (const char byte : cell) {
    quoted += byte == '"' ? std::string("\"\"") : std::string(1, byte);
  }
  return quoted + "\"";
}

std::string StatsCsv(const Snapshot& now) {
  const Nanos measured = now.MeasuredTime();
  std::string text = fmt::format(
      "Type,Name,Request Count,Failure Count,Median Response Time,Average Response Time,"
      "Min Response Time,Max Response Time,Average Content Size,Requests/s,Failures/s,{}\r\n",
      kPercentileHeaders);
  for (const EntryRow& row : EntryRows(now)) {
    text += StatsRow(*row.key, *row.stats, measured);
  }
  return text + StatsRow({.name = "Aggregated"}, now.Total(), measured);
}

std::string FailuresCsv(const Snapshot& now) {
  std::string text = "Method,Name,Error,Occurrences,First Seen,Last Seen\r\n";
  std::vector<FailureRow> rows = FailureRows(now);
  std::sort(rows.begin(), rows.end(), [](const FailureRow& a, const FailureRow& b) {
    return std::tie(a.key->name, a.key->method, a.key->reason) <
           std::tie(b.key->name, b.key->method, b.key->reason);
  });
  for (const FailureRow& row : rows) {
    text += fmt::format("{},{},{},{},{},{}\r\n", CsvText(row.key->method), CsvText(row.key->name),
                        CsvText(row.key->reason), row.stats->count, FormatUtc(row.stats->first_at),
                        FormatUtc(row.stats->last_at));
  }
  return text;
}

std::string ExceptionsCsv(const Snapshot& now, const std::vector<const Snapshot*>& agents) {
  std::string text = "Count,Message,Traceback,Nodes\r\n";
  for (const auto& [error, count] : now.task_errors) {
    const TaskErrorText parts = SplitTaskError(error);
    text += fmt::format("{},{},{},{}\r\n", count, CsvText(parts.message), CsvText(parts.traceback),
                        CsvText(NodesOf(error, agents)));
  }
  return text;
}

std::string ExceptionsCsv(const RunReport& report) {
  std::vector<const Snapshot*> agents;
  for (const Snapshot& agent : report.agents) {
    agents.push_back(&agent);
  }
  return ExceptionsCsv(report.total, agents);
}

std::string HistoryCsv(const RunReport& report) {
  std::string text = HistoryHeader();
  uint64_t requests = 0;
  uint64_t failures = 0;
  for (const SeriesPoint& point : report.series) {
    requests += point.requests;
    failures += point.failures;
    const auto at =
        std::chrono::floor<std::chrono::seconds>(report.started_at + point.start + point.length);
    const auto time = [&point](Nanos value) {
      return point.requests == 0 ? "N/A" : FileMillis(value, 3);
    };
    text += fmt::format(
        "{},{},,Aggregated,{:.6f},{:.6f},{},N/A,N/A,N/A,N/A,{},N/A,{},N/A,N/A,N/A,{},{},N/A,N/A,"
        "N/A,N/A,N/A\r\n",
        at.time_since_epoch().count(), point.users, PerSecond(point.requests, point.length),
        PerSecond(point.failures, point.length), time(point.response_p50), time(point.response_p95),
        time(point.response_p99), requests, failures);
  }
  return text;
}

absl::StatusOr<std::unique_ptr<CsvReport>> CsvReport::Create(CsvOptions options) {
  SQUALL_ASSIGN_OR_RETURN(AppendFile history,
                          AppendFile::Create(WithSuffix(options, "stats_history")));
  SQUALL_RETURN_IF_ERROR(history.Append(HistoryHeader()));
  const Snapshot nothing;
  SQUALL_RETURN_IF_ERROR(WriteFileAtomically(WithSuffix(options, "stats"), StatsCsv(nothing)));
  SQUALL_RETURN_IF_ERROR(
      WriteFileAtomically(WithSuffix(options, "failures"), FailuresCsv(nothing)));
  SQUALL_RETURN_IF_ERROR(
      WriteFileAtomically(WithSuffix(options, "exceptions"), ExceptionsCsv(nothing, {})));
  return std::make_unique<CsvReport>(Passkey(), std::move(options), std::move(history));
}

CsvReport::CsvReport(Passkey, CsvOptions options, AppendFile history)
    : options_(std::move(options)), history_(std::move(history)) {}

absl::Status CsvReport::Write(const Snapshot& merged, const std::vector<const Snapshot*>& agents) {
  if (past_.empty() || merged.elapsed > past_.back().elapsed) {
    ForgetBefore(merged.elapsed - kHistoryWindow + kHistorySlack);
    SQUALL_RETURN_IF_ERROR(history_.Append(HistoryRows(merged)));
    Remember(merged);
  }
  SQUALL_RETURN_IF_ERROR(WriteFileAtomically(WithSuffix(options_, "stats"), StatsCsv(merged)));
  SQUALL_RETURN_IF_ERROR(
      WriteFileAtomically(WithSuffix(options_, "failures"), FailuresCsv(merged)));
  return WriteFileAtomically(WithSuffix(options_, "exceptions"), ExceptionsCsv(merged, agents));
}

std::string CsvReport::HistoryRows(const Snapshot& merged) const {
  const Second* before = past_.empty() ? nullptr : &past_.front();
  const Nanos window = merged.elapsed - (before == nullptr ? Nanos(0) : before->elapsed);
  std::string rows;
  if (options_.full_history) {
    for (const EntryRow& row : EntryRows(merged)) {
      const Past* past = nullptr;
      if (before != nullptr) {
        const auto found = before->entries.find(*row.key);
        past = found == before->entries.end() ? nullptr : &found->second;
      }
      rows += HistoryRow(merged, *row.key, *row.stats, past == nullptr ? Past{} : *past, window);
    }
  }
  return rows + HistoryRow(merged, {.name = "Aggregated"}, merged.Total(),
                           before == nullptr ? Past{} : before->total, window);
}

std::string CsvReport::HistoryRow(const Snapshot& merged, const EntryKey& key,
                                  const EntryStats& stats, const Past& before, Nanos window) const {
  const int64_t timestamp =
      std::chrono::floor<std::chrono::seconds>(merged.at).time_since_epoch().count();
  return fmt::format("{},{},{},{},{:.6f},{:.6f}{},{},{},{}\r\n", timestamp, merged.UserCount(),
                     CsvText(key.method), CsvText(key.name),
                     PerSecond(Grown(before.requests, stats.requests), window),
                     PerSecond(Grown(before.failures, stats.failures), window),
                     stats.requests == 0 ? std::string(kNoPercentiles)
                                         : Percentiles(stats.response.Since(before.response)),
                     stats.requests, stats.failures, TimesAndSize(stats));
}

void CsvReport::Remember(const Snapshot& merged) {
  const EntryStats total = merged.Total();
  Second second{.elapsed = merged.elapsed,
                .total = {total.requests, total.failures, total.response}};
  if (options_.full_history) {
    for (const EntryRow& row : EntryRows(merged)) {
      second.entries[*row.key] = {row.stats->requests, row.stats->failures, row.stats->response};
    }
  }
  past_.push_back(std::move(second));
}

void CsvReport::ForgetBefore(Nanos window_start) {
  while (past_.size() > 1 && past_[1].elapsed <= window_start) {
    past_.pop_front();
  }
}

}  // namespace squall
