#include "daemon/report/html_report.h"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>

#include "daemon/base/units.h"
#include "daemon/report/figures.h"
#include "daemon/report/text.h"

namespace squall {
namespace {

constexpr std::string_view kHead = R"(<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ font: 14px/1.5 system-ui, sans-serif; margin: 2rem; color: #1c2733; }}
table {{ border-collapse: collapse; margin: 0 0 2rem; }}
th, td {{ padding: .3rem .7rem; text-align: right; border-bottom: 1px solid #d8dee6; }}
th.text, td.text {{ text-align: left; }}
tr.total {{ font-weight: bold; }}
pre {{ margin: 0; text-align: left; white-space: pre-wrap; }}
.pass {{ color: #14743a; }} .fail, .invalid {{ color: #b3261e; }}
</style>
</head>
<body>
)";

std::string Escaped(std::string_view text) {
  std::string out;
  for (const char c : ValidUtf8(text)) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string Cells(std::initializer_list<std::string> cells) {
  std::string text;
  for (const std::string& cell : cells) {
    text += fmt::format("<td>{}</td>", cell);
  }
  return text;
}

std::string RequestRow(const EntryKey& key, const EntryStats& stats, Nanos time, bool total) {
  const Histogram& times = stats.response;
  const auto at = [&times](double quantile) { return TableMillis(times.Percentile(quantile)); };
  const std::string average =
      fmt::format("{:.0f}", static_cast<double>(stats.bytes_received) /
                                static_cast<double>(std::max<uint64_t>(1, stats.requests)));
  return fmt::format("<tr{}><td class=\"text\">{}</td><td class=\"text\">{}</td>{}</tr>\n",
                     total ? " class=\"total\"" : "", Escaped(key.method), Escaped(key.name),
                     Cells({fmt::format("{}", stats.requests), fmt::format("{}", stats.failures),
                            TableMillis(times.Mean()), TableMillis(times.min()),
                            TableMillis(times.max()), at(0.5), at(0.9), at(0.95), at(0.99), average,
                            fmt::format("{:.2f}", PerSecond(stats.requests, time)),
                            fmt::format("{:.2f}", PerSecond(stats.failures, time))}));
}

std::string Requests(const Snapshot& total) {
  const Nanos time = total.MeasuredTime();
  std::string text =
      "<h2>Requests</h2>\n<table>\n<tr><th class=\"text\">Method</th><th class=\"text\">Name</th>"
      "<th># requests</th><th># fails</th><th>Average (ms)</th><th>Min (ms)</th><th>Max (ms)</th>"
      "<th>50% (ms)</th><th>90% (ms)</th><th>95% (ms)</th><th>99% (ms)</th>"
      "<th>Average size (bytes)</th><th>Requests/s</th><th>Failures/s</th></tr>\n";
  for (const EntryRow& row : EntryRows(total)) {
    text += RequestRow(*row.key, *row.stats, time, false);
  }
  return text + RequestRow({.name = "Aggregated"}, total.Total(), time, true) + "</table>\n";
}

std::string Failures(const Snapshot& total) {
  const std::vector<FailureRow> rows = FailureRows(total);
  if (rows.empty()) {
    return "";
  }
  std::string text =
      "<h2>Failures</h2>\n<table>\n<tr><th># failures</th><th class=\"text\">Method</th>"
      "<th class=\"text\">Name</th><th class=\"text\">Message</th></tr>\n";
  for (const FailureRow& row : rows) {
    text += fmt::format(
        "<tr><td>{}</td><td class=\"text\">{}</td><td class=\"text\">{}</td>"
        "<td class=\"text\">{}</td></tr>\n",
        row.stats->count, Escaped(row.key->method), Escaped(row.key->name),
        Escaped(row.key->reason));
  }
  return text + "</table>\n";
}

std::string Exceptions(const Snapshot& total) {
  if (total.task_errors.empty()) {
    return "";
  }
  std::string text =
      "<h2>Exceptions</h2>\n<table>\n<tr><th># occurrences</th>"
      "<th class=\"text\">Message and traceback</th></tr>\n";
  for (const auto& [error, count] : total.task_errors) {
    const TaskErrorText parts = SplitTaskError(error);
    text += fmt::format("<tr><td>{}</td><td class=\"text\">{}<pre>{}</pre></td></tr>\n", count,
                        Escaped(parts.message), Escaped(parts.traceback));
  }
  return text + "</table>\n";
}

std::string Judgement(const RunReport& report) {
  const std::string_view name = VerdictName(report.verdict.verdict);
  std::string shape(name);
  for (char& c : shape) {
    c = static_cast<char>(c | 0x20);
  }
  std::string text = fmt::format("<p class=\"{}\"><strong>{}</strong></p>\n", shape, name);
  if (!report.verdict.reasons.empty()) {
    text += "<ul>\n";
    for (const std::string& reason : report.verdict.reasons) {
      text += fmt::format("<li>{}</li>\n", Escaped(reason));
    }
    text += "</ul>\n";
  }
  return text;
}

}  // namespace

std::string HtmlReport(const RunReport& report) {
  const std::string title = Escaped(fmt::format("{}: load test", report.plan_name));
  std::string text = fmt::format(fmt::runtime(kHead), fmt::arg("title", title));
  text +=
      fmt::format("<h1>{}</h1>\n<p>{} to {}, target {}</p>\n", title, FormatUtc(report.started_at),
                  FormatUtc(report.ended_at), Escaped(WithoutCredentials(report.host)));
  text += Judgement(report) + Requests(report.total) + Failures(report.total) +
          Exceptions(report.total);
  return text + "</body>\n</html>\n";
}

}  // namespace squall
