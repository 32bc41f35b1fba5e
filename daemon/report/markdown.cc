#include "daemon/report/markdown.h"

#include <algorithm>

#include <fmt/format.h>

#include "daemon/base/units.h"
#include "daemon/report/figures.h"
#include "daemon/report/text.h"

namespace squall {
namespace {

constexpr size_t kTextBytes = 200;       // of a name or an error: it is a summary
constexpr size_t kMarkdownRowsMax = 50;  // of one table

std::string MoreMarkdownRows(size_t rows) {
  return rows <= kMarkdownRowsMax ? "" : fmt::format("\nand {} more\n", rows - kMarkdownRowsMax);
}

std::string Head(const RunReport& report) {
  const EntryStats total = report.total.Total();
  const Nanos time = report.total.MeasuredTime();
  std::string text = fmt::format("## {}: {}\n\n", VerdictName(report.verdict.verdict),
                                 MarkdownText(report.plan_name));
  for (const std::string& reason : report.verdict.reasons) {
    text += fmt::format("- {}\n", MarkdownText(reason));
  }
  text += report.verdict.reasons.empty() ? "" : "\n";
  text += fmt::format(
      "{} requests in {}, {:.2f} per second, {} failed{}{}.\n", total.requests,
      FormatTimeSpan(time), PerSecond(total.requests, time),
      FormatPercent(Ratio(total.failures, total.requests)),
      report.options.profile.empty() ? "" : ", profile: " + MarkdownText(report.options.profile),
      report.interrupted ? ", interrupted" : "");
  if (!report.host.empty()) {
    text += fmt::format("Target: {}.\n", MarkdownCell(WithoutCredentials(report.host)));
  }
  if (const std::string traces = TracesText(report.total.traces); !traces.empty()) {
    text += fmt::format("Traces: {}.\n", traces);
  }
  return text;
}

std::string NameRow(std::string_view label, const EntryStats& stats, Nanos time) {
  const Histogram& times = stats.response;
  return fmt::format("| {} | {} | {} | {:.2f} | {} | {} | {} | {} |\n", label, stats.requests,
                     stats.failures, PerSecond(stats.requests, time),
                     TableMillis(times.Percentile(0.5)), TableMillis(times.Percentile(0.95)),
                     TableMillis(times.Percentile(0.99)), TableMillis(times.max()));
}

std::string Names(const RunReport& report) {
  const Nanos time = report.total.MeasuredTime();
  const std::vector<EntryRow> rows = EntryRows(report.total);
  if (rows.empty()) {
    return "";
  }
  std::string text =
      "\n| Request | Requests | Failures | req/s | p50 ms | p95 ms | p99 ms | max ms |\n"
      "|---|--:|--:|--:|--:|--:|--:|--:|\n";
  for (size_t i = 0; i < rows.size() && i < kMarkdownRowsMax; ++i) {
    const std::string label =
        MarkdownCell(fmt::format("{} {}", ValidUtf8(rows[i].key->method, kTextBytes),
                                 ValidUtf8(rows[i].key->name, kTextBytes)));
    text += NameRow(label, *rows[i].stats, time);
  }
  return text + NameRow("**Aggregated**", report.total.Total(), time) +
         MoreMarkdownRows(rows.size());
}

std::string Thresholds(const RunReport& report) {
  if (report.thresholds.empty()) {
    return "";
  }
  std::string text = "\n| Threshold | Observed | Result |\n|---|--:|---|\n";
  for (const ThresholdResult& result : report.thresholds) {
    text += fmt::format("| {} | {} | {} |\n", MarkdownCell(result.threshold.text),
                        FormatObserved(result), result.passed ? "passed" : "**FAILED**");
  }
  return text;
}

std::string Failures(const RunReport& report) {
  const std::vector<FailureRow> rows = FailureRows(report.total);
  if (rows.empty()) {
    return "";
  }
  std::string text = "\n| Failures | Request | Reason |\n|--:|---|---|\n";
  for (size_t i = 0; i < rows.size() && i < kMarkdownRowsMax; ++i) {
    const FailureKey& key = *rows[i].key;
    text += fmt::format("| {} | {} | {} |\n", rows[i].stats->count,
                        MarkdownCell(fmt::format("{} {}", ValidUtf8(key.method, kTextBytes),
                                                 ValidUtf8(key.name, kTextBytes))),
                        MarkdownCell(key.reason));
  }
  return text + MoreMarkdownRows(rows.size());
}

std::string FailedChecks(const RunReport& report) {
  std::string rows;
  size_t count = 0;
  for (const auto& [key, stats] : report.total.checks) {
    if (stats.failed > 0 && count++ < kMarkdownRowsMax) {
      rows += fmt::format("| {} | {} | {} |\n", stats.failed, MarkdownCell(key.name),
                          MarkdownCell(key.check));
    }
  }
  return rows.empty()
             ? ""
             : "\n| Failed | Request | Check |\n|--:|---|---|\n" + rows + MoreMarkdownRows(count);
}

}  // namespace

std::string MarkdownReport(const RunReport& report) {
  return Head(report) + Names(report) + Thresholds(report) + Failures(report) +
         FailedChecks(report);
}

std::string MarkdownText(std::string_view text) {
  std::string result;
  for (const char byte : Printable(text, kTextBytes)) {
    if (std::string_view("\\`*_[]<>|~&#").find(byte) != std::string_view::npos) {
      result += '\\';
    }
    result += byte;
    if (byte == '@') {
      result += "&#8203;";  // a zero-width space: GitHub makes mentions of text, escaped or not
    }
  }
  return result;
}

std::string MarkdownCell(std::string_view text) {
  std::string result = "`";
  for (const char byte : Printable(text, kTextBytes)) {
    if (byte == '|') {
      result += "\\|";
    } else {
      result += byte == '`' ? '\'' : byte;  // a backtick would end the code
    }
  }
  return result + "`";
}

}  // namespace squall
