#include "daemon/report/summary.h"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>

#include "daemon/base/units.h"
#include "daemon/report/figures.h"
#include "daemon/report/text.h"

namespace squall {
namespace {

constexpr size_t kTracebackLinesMax = 30;
constexpr size_t kRowsMax = 100;        // of one block; the JSON report has all
constexpr size_t kLineBytesMax = 1000;  // of one reason or warning
constexpr size_t kThresholdColumns = 80;

Colour ColourOf(Verdict verdict) {
  switch (verdict) {
    case Verdict::kPass:
      return Colour::kGreen;
    case Verdict::kFail:
      return Colour::kRed;
    case Verdict::kInvalid:
      return Colour::kYellow;
  }
  return Colour::kBold;
}

std::string MoreRows(size_t rows) {
  return rows <= kRowsMax
             ? ""
             : fmt::format("  and {} more, all of them in the JSON report\n", rows - kRowsMax);
}

// The end of it, which is where the error was raised, if it is long.
std::string IndentedLines(std::string_view block) {
  std::vector<std::string_view> lines;
  while (!block.empty()) {
    const size_t end = block.find('\n');
    lines.push_back(block.substr(0, end));
    block = end == std::string_view::npos ? "" : block.substr(end + 1);
  }
  std::string text;
  for (size_t i = lines.size() - std::min(lines.size(), kTracebackLinesMax); i < lines.size();
       ++i) {
    text += fmt::format("             {}\n", Printable(lines[i], kLineBytesMax));
  }
  return text;
}

std::string TaskErrors(const Snapshot& total) {
  if (total.task_errors.empty()) {
    return "";
  }
  std::string text = "Task errors\n";
  size_t row = 0;
  for (const auto& [error, count] : total.task_errors) {
    if (row++ < kRowsMax) {
      const TaskErrorText parts = SplitTaskError(error);
      text += fmt::format("  {:>8} × {}\n", count, Printable(parts.message, kLineBytesMax));
      text += IndentedLines(parts.traceback);
    }
  }
  return text + MoreRows(row) + "\n";
}

std::string Checks(const Snapshot& total, const TableStyle& style) {
  if (total.checks.empty()) {
    return "";
  }
  const size_t columns =
      style.columns <= 0 ? 80 : static_cast<size_t>(std::clamp(style.columns - 32, 20, 80));
  std::string text = fmt::format("{} {:>8} {:>8} {:>9}\n", FitColumns("Checks", columns + 2),
                                 "passed", "failed", "rate");
  size_t row = 0;
  for (const auto& [key, stats] : total.checks) {
    if (row++ >= kRowsMax) {
      continue;
    }
    const std::string line = fmt::format(
        "  {} {:>8} {:>8} {:>9}",
        FitColumns(fmt::format("{}: {}", Printable(key.name), Printable(key.check)), columns),
        stats.passed, stats.failed,
        FormatPercent(Ratio(stats.passed, stats.passed + stats.failed)));
    text += Coloured(line, Colour::kRed, style.colour && stats.failed > 0) + "\n";
  }
  return text + MoreRows(row) + "\n";
}

std::string Thresholds(const RunReport& report, const TableStyle& style) {
  if (report.thresholds.empty()) {
    return "";
  }
  size_t columns = 0;
  for (const ThresholdResult& result : report.thresholds) {
    columns = std::max(columns, Columns(Printable(result.threshold.text)));
  }
  columns = std::min(columns, kThresholdColumns);
  std::string text = "Thresholds\n";
  for (const ThresholdResult& result : report.thresholds) {
    text +=
        fmt::format("  {}  {}  observed {}\n",
                    Coloured(result.passed ? "passed" : "FAILED",
                             result.passed ? Colour::kGreen : Colour::kRed, style.colour),
                    FitColumns(Printable(result.threshold.text), columns), FormatObserved(result));
  }
  return text + "\n";
}

std::string ExcludedPart(const Snapshot& total, RunPhase phase, std::string_view name,
                         Nanos length) {
  const uint64_t requests = total.Total(phase).requests;
  return requests == 0
             ? ""
             : fmt::format("{} requests of the {} ({})", requests, name, FormatTimeSpan(length));
}

std::string LoadNotes(const RunReport& report) {
  const Snapshot& total = report.total;
  std::string text;
  if (report.options.open_model || total.arrivals_planned > 0) {
    text += fmt::format("Arrivals: {} planned, {} dropped because no user was free ({})\n",
                        total.arrivals_planned, total.dropped_iterations,
                        FormatPercent(Ratio(total.dropped_iterations, total.arrivals_planned)));
  }
  const std::string warm_up =
      ExcludedPart(total, RunPhase::kWarmUp, "warm-up", report.options.warm_up);
  const std::string cool_down =
      ExcludedPart(total, RunPhase::kCoolDown, "cool-down", report.options.cool_down);
  if (!warm_up.empty() || !cool_down.empty()) {
    text += fmt::format("Left out of the results: {}{}{}\n", warm_up,
                        warm_up.empty() || cool_down.empty() ? "" : ", ", cool_down);
  }
  if (report.series_names_left_out > 0 || report.series_agents_left_out > 0) {
    text += fmt::format(
        "Without a time line of their own in the JSON report: request names {}, agents {}\n",
        report.series_names_left_out, report.series_agents_left_out);
  }
  if (const std::string traces = TracesText(total.traces); !traces.empty()) {
    text += fmt::format("Traces: {}\n", traces);
  }
  const uint64_t unfinished = total.Total().unfinished;
  if (unfinished > 0) {
    text += fmt::format("Still open at the end, counted as failures: {} requests\n", unfinished);
  }
  return text;
}

std::string Health(const GeneratorHealth& health, size_t agents) {
  if (health.elapsed_seconds <= 0) {
    return "";
  }
  std::string text = fmt::format("Generator: {} {}, {} {}, {:.2f} CPUs used", agents,
                                 agents == 1 ? "agent" : "agents", health.shards,
                                 health.shards == 1 ? "shard" : "shards",
                                 health.cpu_seconds / health.elapsed_seconds);
  if (health.shards > 0) {
    text += fmt::format(" (shards {:.0f}% busy)",
                        100 * health.thread_seconds / health.elapsed_seconds / health.shards);
  }
  if (health.loop_lag.count() > 0) {
    text += fmt::format(", loop lag p99 {} ms", TableMillis(health.loop_lag.Percentile(0.99)));
  }
  return text + fmt::format(", {}, {} of {} file descriptors\n", FormatBytes(health.rss_bytes),
                            health.open_fds, health.fd_limit);
}

std::string Warnings(const RunReport& report, const TableStyle& style) {
  std::string text;
  for (const std::vector<std::string>* warnings : {&report.warnings, &report.verdict.warnings}) {
    for (const std::string& warning : *warnings) {
      text += fmt::format("{} {}\n", Coloured("Warning:", Colour::kYellow, style.colour),
                          Printable(warning, kLineBytesMax));
    }
  }
  return text;
}

std::string RunLine(const RunReport& report) {
  const EntryStats measured = report.total.Total();
  const Nanos time = report.total.MeasuredTime();
  std::string text = fmt::format(
      "Run: {}{}, {} requests in {}, {:.2f}/s, {} failed, seed {}\n", Printable(report.plan_name),
      report.host.empty() ? "" : " against " + Printable(WithoutCredentials(report.host)),
      measured.requests, FormatTimeSpan(time), PerSecond(measured.requests, time),
      FormatPercent(Ratio(measured.failures, measured.requests)), report.seed);
  if (report.interrupted) {
    text += "Run: interrupted before its end\n";
  }
  return text;
}

std::string VerdictLines(const RunReport& report, const TableStyle& style) {
  std::string text =
      fmt::format("Verdict: {}\n", Coloured(VerdictName(report.verdict.verdict),
                                            ColourOf(report.verdict.verdict), style.colour));
  for (const std::string& reason : report.verdict.reasons) {
    text += fmt::format("  {}\n", Printable(reason, kLineBytesMax));
  }
  return text;
}

}  // namespace

std::string FinalReport(const RunReport& report, const TableStyle& style) {
  return StatsTable(report.total, nullptr, style) + PercentileTable(report.total, style) +
         ScheduleTable(report.total, style) + ErrorReport(report.total, style) +
         Summary(report, style);
}

std::string Summary(const RunReport& report, const TableStyle& style) {
  return TaskErrors(report.total) + Checks(report.total, style) + Thresholds(report, style) +
         RunLine(report) + LoadNotes(report) + Health(report.total.health, report.agents.size()) +
         Warnings(report, style) + VerdictLines(report, style);
}

}  // namespace squall
