#include "daemon/report/compare.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "daemon/base/units.h"
#include "daemon/report/figures.h"
#include "daemon/report/json_writer.h"
#include "daemon/report/text.h"

namespace squall {
namespace {

constexpr double kNoticeablePercent = 5;
constexpr double kNoticeableFailureRatio = 0.001;
constexpr size_t kCompareTypeColumns = 8;
constexpr size_t kFigureColumns = 1 + 7 + 6 * 9;  // of a row, behind the name
constexpr size_t kNameColumnsMin = 12;
constexpr size_t kNameColumnsMax = 80;

EntryComparison Compare(const EntryFigures& before, const EntryFigures& after) {
  const auto count = [](uint64_t a, uint64_t b) {
    return FigureChange{static_cast<double>(a), static_cast<double>(b)};
  };
  return {.name = after.name,
          .method = after.method,
          .requests = count(before.requests, after.requests),
          .failures = count(before.failures, after.failures),
          .failure_ratio = {before.failure_ratio, after.failure_ratio},
          .requests_per_second = {before.requests_per_second, after.requests_per_second},
          .response_p50_ms = {before.response_p50_ms, after.response_p50_ms},
          .response_p95_ms = {before.response_p95_ms, after.response_p95_ms},
          .response_p99_ms = {before.response_p99_ms, after.response_p99_ms}};
}

using ByKey = std::map<std::pair<std::string, std::string>, const EntryFigures*>;

ByKey Index(const std::vector<EntryFigures>& entries) {
  ByKey index;
  for (const EntryFigures& entry : entries) {
    index.emplace(std::pair(entry.name, entry.method), &entry);
  }
  return index;
}

// ---- the table -------------------------------------------------------------------------------

// As wide as the longest name, if the terminal allows it.
size_t NameColumns(const RunComparison& comparison, const TableStyle& style) {
  size_t columns = kNameColumnsMin;
  for (const EntryComparison& entry : comparison.entries) {
    columns = std::max(columns, Columns(Printable(entry.name)));
  }
  columns = std::min(columns, kNameColumnsMax);
  if (style.columns <= 0) {
    return columns;
  }
  const auto available = static_cast<size_t>(style.columns);
  const size_t taken = kCompareTypeColumns + 1 + kFigureColumns;
  return std::clamp(available - std::min(available, taken), kNameColumnsMin, columns);
}

std::string Row(std::string_view label, std::string_view what,
                const std::vector<std::string>& cells) {
  std::string line = fmt::format("{} {:<7}", label, what);
  for (const std::string& cell : cells) {
    line += cell;
  }
  return line + "\n";
}

std::string Cell(std::string_view text) { return fmt::format("{:>9}", text); }

std::string MillisCell(const std::optional<double>& millis) {
  return Cell(millis.has_value() ? TableMillis(FromSeconds(*millis / 1000)) : "-");
}

std::vector<std::string> FigureCells(const EntryComparison& entry,
                                     std::optional<double> FigureChange::*side) {
  return {Cell(fmt::format("{:.0f}", (entry.requests.*side).value_or(0))),
          Cell(FormatPercent((entry.failure_ratio.*side).value_or(0))),
          Cell(fmt::format("{:.2f}", (entry.requests_per_second.*side).value_or(0))),
          MillisCell(entry.response_p50_ms.*side),
          MillisCell(entry.response_p95_ms.*side),
          MillisCell(entry.response_p99_ms.*side)};
}

std::string PercentCell(const FigureChange& change) {
  const std::optional<double> difference = change.Difference();
  if (!difference.has_value() || *difference == 0) {
    return Cell(difference.has_value() ? "=" : "-");
  }
  const std::optional<double> percent = change.Percent();
  if (!percent.has_value()) {
    return Cell("new");
  }
  return Cell(fmt::format("{:+.{}f}%", *percent, std::abs(*percent) < 1000 ? 1 : 0));
}

// `worse` is how far a figure moved to the worse, in units of what can be noticed.
std::string Marked(std::string cell, double worse, const TableStyle& style) {
  if (std::abs(worse) <= 1) {
    return cell;
  }
  return Coloured(cell, worse > 0 ? Colour::kRed : Colour::kGreen, style.colour);
}

std::string TimeChange(const FigureChange& change, const TableStyle& style) {
  return Marked(PercentCell(change), change.Percent().value_or(0) / kNoticeablePercent, style);
}

std::vector<std::string> ChangeCells(const EntryComparison& entry, const TableStyle& style) {
  const double failures = entry.failure_ratio.Difference().value_or(0);
  // Points of a percentage: 0.1 % to 0.2 % is hardly "twice as bad".
  const std::string failed = failures == 0 ? "=" : fmt::format("{:+.2f}pp", failures * 100);
  const FigureChange& rate = entry.requests_per_second;
  return {PercentCell(entry.requests),
          Marked(Cell(failed), failures / kNoticeableFailureRatio, style),
          Marked(PercentCell(rate), -rate.Percent().value_or(0) / kNoticeablePercent, style),
          TimeChange(entry.response_p50_ms, style),
          TimeChange(entry.response_p95_ms, style),
          TimeChange(entry.response_p99_ms, style)};
}

std::string EntryRows(const EntryComparison& entry, size_t columns, const TableStyle& style) {
  const std::string label =
      fmt::format("{} {}", FitColumns(Printable(entry.method), kCompareTypeColumns),
                  FitColumns(Printable(entry.name), columns));
  const std::string blank(kCompareTypeColumns + 1 + columns, ' ');
  return Row(label, "before", FigureCells(entry, &FigureChange::before)) +
         Row(blank, "after", FigureCells(entry, &FigureChange::after)) +
         Row(blank, "change", ChangeCells(entry, style));
}

std::string RunLine(std::string_view what, const RunFigures& run) {
  return fmt::format("{:<7} {}  {}{}  {}  {:.1f}s measured  {}\n", what, Printable(run.run_id, 200),
                     Printable(run.plan_name, 200),
                     run.host.empty() ? "" : " against " + Printable(run.host, 200),
                     run.started_at.empty() ? "never started" : Printable(run.started_at, 40),
                     run.measured_seconds, Printable(run.verdict, 20));
}

std::string OnlyIn(std::string_view what, const std::vector<EntryFigures>& entries) {
  std::string text;
  for (const EntryFigures& entry : entries) {
    text += fmt::format("Only {}: {} {} ({} requests)\n", what, Printable(entry.method, 40),
                        Printable(entry.name, 200), entry.requests);
  }
  return text;
}

// ---- JSON ------------------------------------------------------------------------------------

void AddNumber(JsonWriter* json, std::string_view key, const std::optional<double>& number) {
  json->Key(key);
  number.has_value() ? json->Value(*number) : json->Null();
}

void AddChange(JsonWriter* json, std::string_view key, const FigureChange& change) {
  json->Key(key).BeginLine();
  AddNumber(json, "before", change.before);
  AddNumber(json, "after", change.after);
  AddNumber(json, "difference", change.Difference());
  AddNumber(json, "percent", change.Percent());
  json->EndObject();
}

void AddEntry(JsonWriter* json, const EntryComparison& entry) {
  AddChange(json, "requests", entry.requests);
  AddChange(json, "failures", entry.failures);
  AddChange(json, "failure_ratio", entry.failure_ratio);
  AddChange(json, "requests_per_second", entry.requests_per_second);
  AddChange(json, "response_p50_ms", entry.response_p50_ms);
  AddChange(json, "response_p95_ms", entry.response_p95_ms);
  AddChange(json, "response_p99_ms", entry.response_p99_ms);
}

void AddRun(JsonWriter* json, std::string_view key, const RunFigures& run) {
  json->Key(key)
      .BeginObject()
      .Field("id", run.run_id)
      .Field("plan", run.plan_name)
      .Field("host", run.host)
      .Field("started_at", run.started_at)
      .Field("verdict", run.verdict)
      .Field("measured_seconds", run.measured_seconds)
      .Key("users");
  run.users.has_value() ? json->Value(*run.users) : json->Null();
  json->EndObject();
}

void AddOnly(JsonWriter* json, std::string_view key, const std::vector<EntryFigures>& entries) {
  json->Key(key).BeginArray();
  for (const EntryFigures& entry : entries) {
    json->BeginLine()
        .Field("name", entry.name)
        .Field("method", entry.method)
        .Field("requests", entry.requests)
        .EndObject();
  }
  json->EndArray();
}

}  // namespace

std::optional<double> FigureChange::Difference() const {
  return before.has_value() && after.has_value() ? std::optional(*after - *before) : std::nullopt;
}

std::optional<double> FigureChange::Percent() const {
  const std::optional<double> difference = Difference();
  return difference.has_value() && *before != 0 ? std::optional(*difference / *before * 100)
                                                : std::nullopt;
}

RunComparison CompareRuns(RunFigures before, RunFigures after) {
  RunComparison comparison;
  comparison.before = std::move(before);
  comparison.after = std::move(after);
  comparison.total = Compare(comparison.before.total, comparison.after.total);
  const ByKey old_entries = Index(comparison.before.entries);
  const ByKey new_entries = Index(comparison.after.entries);
  for (const auto& [key, entry] : old_entries) {
    const auto found = new_entries.find(key);
    if (found == new_entries.end()) {
      comparison.only_before.push_back(*entry);
    } else {
      comparison.entries.push_back(Compare(*entry, *found->second));
    }
  }
  for (const auto& [key, entry] : new_entries) {
    if (!old_entries.contains(key)) {
      comparison.only_after.push_back(*entry);
    }
  }
  return comparison;
}

std::string ComparisonTable(const RunComparison& comparison, const TableStyle& style) {
  const size_t columns = NameColumns(comparison, style);
  const std::string rule(kCompareTypeColumns + 1 + columns + kFigureColumns, '-');
  std::string text = RunLine("Before", comparison.before) + RunLine("After", comparison.after) +
                     "\n" +
                     Row(fmt::format("{} {}", FitColumns("Type", kCompareTypeColumns),
                                     FitColumns("Name", columns)),
                         "Run",
                         {Cell("# reqs"), Cell("failed"), Cell("req/s"), Cell("50% ms"),
                          Cell("95% ms"), Cell("99% ms")}) +
                     rule + "\n";
  for (const EntryComparison& entry : comparison.entries) {
    text += EntryRows(entry, columns, style);
  }
  EntryComparison total = comparison.total;
  total.name = "Aggregated";
  text += rule + "\n" + EntryRows(total, columns, style);
  const std::string only =
      OnlyIn("before", comparison.only_before) + OnlyIn("after", comparison.only_after);
  return text + (only.empty() ? "" : "\n" + only);
}

std::string ComparisonJson(const RunComparison& comparison) {
  JsonWriter json;
  json.BeginObject().Field("format", "squall-comparison").Field("version", 1);
  AddRun(&json, "before", comparison.before);
  AddRun(&json, "after", comparison.after);
  json.Key("totals").BeginObject();
  AddEntry(&json, comparison.total);
  json.EndObject().Key("entries").BeginArray();
  for (const EntryComparison& entry : comparison.entries) {
    json.BeginObject().Field("name", entry.name).Field("method", entry.method);
    AddEntry(&json, entry);
    json.EndObject();
  }
  json.EndArray();
  AddOnly(&json, "only_before", comparison.only_before);
  AddOnly(&json, "only_after", comparison.only_after);
  json.EndObject();
  return json.Take();
}

}  // namespace squall
