#include "daemon/report/table.h"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>

#include "daemon/report/figures.h"
#include "daemon/report/text.h"

namespace squall {
namespace {

constexpr size_t kTypeColumns = 8;
constexpr size_t kErrorColumnsMax = 400;  // of one line of the error report, off a terminal

// Locust's rule for the width of names.
size_t NameColumns(const TableStyle& style) {
  return style.columns <= 0 ? 80 : static_cast<size_t>(std::clamp(style.columns - 80, 0, 80));
}

// The stats table gives four columns of the name away to its wider figures.
size_t StatsNameColumns(const TableStyle& style) {
  const size_t columns = NameColumns(style);
  return columns > 4 ? columns - 4 : 0;
}

std::string Label(std::string_view method, std::string_view name, size_t name_columns) {
  return fmt::format("{} {}", FitColumns(Printable(method), kTypeColumns),
                     FitColumns(Printable(name), name_columns));
}

std::string Rule(std::initializer_list<size_t> widths) {
  std::string line;
  for (const size_t width : widths) {
    line += (line.empty() ? "" : "|") + std::string(width, '-');
  }
  return line + "\n";
}

std::string StatsRow(const EntryKey& key, const EntryStats& stats, const EntryStats& before,
                     Nanos window, const TableStyle& style) {
  const Histogram& times = stats.response;
  const std::string fails = fmt::format(
      "{:>12}",
      fmt::format("{}({:.2f}%)", stats.failures, 100 * Ratio(stats.failures, stats.requests)));
  return fmt::format("{} {:>7} {} |{:>7} {:>7} {:>7}{:>7} |{:>8.2f} {:>11.2f}\n",
                     Label(key.method, key.name, StatsNameColumns(style)), stats.requests,
                     Coloured(fails, Colour::kRed, style.colour && stats.failures > 0),
                     TableMillis(times.Mean()), TableMillis(times.min()), TableMillis(times.max()),
                     TableMillis(times.Percentile(0.5)),
                     PerSecond(Grown(before.requests, stats.requests), window),
                     PerSecond(Grown(before.failures, stats.failures), window));
}

std::string PercentileRow(const EntryKey& key, const EntryStats& stats, const TableStyle& style) {
  std::string line = Label(key.method, key.name, NameColumns(style));
  for (const ReportPercentile& percentile : kReportPercentiles) {
    const size_t width = &percentile == kReportPercentiles.begin() ? 8 : 6;
    line +=
        fmt::format(" {:>{}}", TableMillis(stats.response.Percentile(percentile.quantile)), width);
  }
  return line + fmt::format(" {:>6}\n", stats.requests);
}

std::string ScheduleCells(const Histogram& times) {
  return fmt::format(" |{:>7} {:>7} {:>7}", TableMillis(times.Percentile(0.5)),
                     TableMillis(times.Percentile(0.95)), TableMillis(times.Percentile(0.99)));
}

std::string ScheduleRow(const EntryKey& key, const EntryStats& stats, const TableStyle& style) {
  return Label(key.method, key.name, StatsNameColumns(style)) + ScheduleCells(stats.response) +
         ScheduleCells(stats.service) + ScheduleCells(stats.start_delay) + "\n";
}

const EntryKey& AggregatedKey() {
  static const EntryKey key{.name = "Aggregated"};
  return key;
}

// CatchResponseError('text') is what response.failure("text") is counted by; here, as in Locust,
// the text stands alone.
std::string WithoutCatchResponseError(std::string_view reason) {
  constexpr std::string_view kBefore = "CatchResponseError(";
  if (!reason.starts_with(kBefore) || reason.size() < kBefore.size() + 3 ||
      !reason.ends_with(')')) {
    return std::string(reason);
  }
  const std::string_view quoted = reason.substr(kBefore.size(), reason.size() - kBefore.size() - 1);
  if (quoted.front() != quoted.back() || (quoted.front() != '\'' && quoted.front() != '"')) {
    return std::string(reason);
  }
  std::string text;
  for (size_t i = 1; i + 1 < quoted.size(); ++i) {
    const bool escaped = quoted[i] == '\\' && (quoted[i + 1] == '\'' || quoted[i + 1] == '\\');
    text += quoted[escaped ? ++i : i];
  }
  return text;
}

std::string ErrorText(const FailureKey& key) {
  const std::string_view space = key.method.empty() ? "" : " ";
  return Printable(fmt::format("{}{}{}: {}", ValidUtf8(key.method), space, ValidUtf8(key.name),
                               ValidUtf8(WithoutCatchResponseError(key.reason))));
}

}  // namespace

std::string StatsTable(const Snapshot& now, const Snapshot* since, const TableStyle& style) {
  const Nanos window = since == nullptr ? now.MeasuredTime() : now.elapsed - since->elapsed;
  const size_t name_columns = StatsNameColumns(style);
  const std::string rule = Rule({kTypeColumns, name_columns, 7, 13, 7, 7, 7, 7, 8, 11});
  std::string text = fmt::format("{} {:>7} {:>12} |{:>7} {:>7} {:>7}{:>7} |{:>8} {:>11}\n",
                                 Label("Type", "Name", name_columns), "# reqs", "# fails", "Avg",
                                 "Min", "Max", "Med", "req/s", "failures/s");
  text += rule;
  for (const EntryRow& row : EntryRows(now)) {
    text += StatsRow(*row.key, *row.stats, FindEntry(since, *row.key), window, style);
  }
  text += rule;
  text += StatsRow(AggregatedKey(), now.Total(), since == nullptr ? EntryStats() : since->Total(),
                   window, style);
  return text + "\n";
}

std::string PercentileTable(const Snapshot& now, const TableStyle& style) {
  const EntryStats total = now.Total();
  if (total.requests == 0) {
    return "";
  }
  const size_t name_columns = NameColumns(style);
  const std::string rule = Rule({kTypeColumns, name_columns, 8, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6});
  std::string text = "Response time percentiles (approximated)\n";
  text += Label("Type", "Name", name_columns);
  for (const ReportPercentile& percentile : kReportPercentiles) {
    text += fmt::format(" {:>{}}", fmt::format("{}%", percentile.name),
                        &percentile == kReportPercentiles.begin() ? 8 : 6);
  }
  text += " # reqs\n" + rule;
  for (const EntryRow& row : EntryRows(now)) {
    text += PercentileRow(*row.key, *row.stats, style);
  }
  return text + rule + PercentileRow(AggregatedKey(), total, style) + "\n";
}

std::string ScheduleTable(const Snapshot& now, const TableStyle& style) {
  const EntryStats total = now.Total();
  if (total.start_delay.count() == 0) {
    return "";
  }
  const size_t name_columns = StatsNameColumns(style);
  const std::string rule = Rule({kTypeColumns, name_columns + 1, 7, 7, 7, 8, 7, 7, 8, 7, 7});
  std::string text =
      "Response time (from the intended start), service time (from the send), start delay\n";
  text += Label("Type", "Name", name_columns) + " |";
  text +=
      fmt::format("{:>7} {:>7} {:>7} |{:>7} {:>7} {:>7} |{:>7} {:>7} {:>7}\n", "res 50%", "res 95%",
                  "res 99%", "svc 50%", "svc 95%", "svc 99%", "del 50%", "del 95%", "del 99%");
  text += rule;
  for (const EntryRow& row : EntryRows(now)) {
    text += ScheduleRow(*row.key, *row.stats, style);
  }
  return text + rule + ScheduleRow(AggregatedKey(), total, style) + "\n";
}

std::string ErrorReport(const Snapshot& now, const TableStyle& style) {
  const std::vector<FailureRow> rows = FailureRows(now);
  if (rows.empty()) {
    return "";
  }
  const size_t text_columns =
      style.columns > 20 ? static_cast<size_t>(style.columns) - 19 : kErrorColumnsMax;
  const std::string rule = Rule({18, 61 + NameColumns(style)});
  const size_t pad_columns = std::min<size_t>(100, text_columns);
  std::string text = "Error report\n";
  text += fmt::format("{:<18} {:<{}}\n", "# occurrences", "Error", pad_columns) + rule;
  for (size_t i = 0; i < rows.size() && i < kErrorRowsMax; ++i) {
    const std::string error = CutToColumns(ErrorText(*rows[i].key), text_columns);
    const std::string padding(pad_columns - std::min(pad_columns, Columns(error)), ' ');
    text += fmt::format("{:<18} {}{}\n", rows[i].stats->count, error, padding);
  }
  if (rows.size() > kErrorRowsMax) {
    text += fmt::format("{:<18} and {} more kinds of error, all of them in the JSON report\n", "",
                        rows.size() - kErrorRowsMax);
  }
  return text + rule + "\n";
}

}  // namespace squall
