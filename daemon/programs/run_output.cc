#include "daemon/programs/run_output.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include <fmt/format.h>

#include "daemon/base/file.h"
#include "daemon/base/rng.h"
#include "daemon/base/status_macros.h"
#include "daemon/coordinator/exit_code.h"
#include "daemon/plan/output_target.h"
#include "daemon/report/html_report.h"
#include "daemon/report/json_report.h"
#include "daemon/report/junit.h"
#include "daemon/report/markdown.h"
#include "daemon/report/summary.h"

namespace squall {

void Say(std::string_view text) { fmt::print(stderr, "squall: {}\n", text); }

int SayStatus(const absl::Status& status) {
  Say(std::string(status.message()));
  switch (status.code()) {
    case absl::StatusCode::kInvalidArgument:
      return static_cast<int>(ExitCode::kBadPlan);
    case absl::StatusCode::kResourceExhausted:
      return static_cast<int>(ExitCode::kInvalid);
    default:
      return static_cast<int>(ExitCode::kAgentsLost);
  }
}

absl::Status WriteReports(const RunReport& report, const RunFlags& flags, const Outputs& outputs) {
  const std::string json = flags.json.empty() ? outputs.json_file : flags.json;
  const std::string junit = flags.junit.empty() ? outputs.junit_file : flags.junit;
  const std::string markdown = flags.markdown.empty() ? outputs.markdown_file : flags.markdown;
  const std::string html = flags.html.empty() ? outputs.html_file : flags.html;
  if (!json.empty()) {
    SQUALL_RETURN_IF_ERROR(WriteFileAtomically(json, JsonReport(report)));
  }
  if (!junit.empty()) {
    SQUALL_RETURN_IF_ERROR(WriteFileAtomically(junit, JunitReport(report)));
  }
  if (!markdown.empty()) {
    SQUALL_RETURN_IF_ERROR(WriteFileAtomically(markdown, MarkdownReport(report)));
  }
  if (!html.empty()) {
    SQUALL_RETURN_IF_ERROR(WriteFileAtomically(html, HtmlReport(report)));
  }
  return absl::OkStatus();
}

void PrintResult(const RunReport& report, const RunFlags& flags, const Terminal& terminal) {
  std::string text;
  if (flags.output == "json") {
    text = JsonReport(report);
  } else {
    TableStyle style;
    style.columns = terminal.interactive ? static_cast<int>(terminal.width) : 0;
    style.colour = terminal.colour;
    text = "\n" + FinalReport(report, style);
  }
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

absl::Status AddOuts(const std::vector<std::string>& outs, Outputs* outputs) {
  for (const std::string& out : outs) {
    SQUALL_ASSIGN_OR_RETURN(MetricOutput output, ParseOutFlag(out));
    // A place that the plan and a flag both name hears of the run once.
    const bool named = std::any_of(outputs->metrics.begin(), outputs->metrics.end(),
                                   [&](const MetricOutput& other) {
                                     return other.kind == output.kind && other.to == output.to;
                                   });
    if (named) {
      continue;
    }
    outputs->metrics.push_back(std::move(output));
  }
  if (outputs->metrics.size() > kMetricOutputsMax) {
    return absl::InvalidArgumentError(
        fmt::format("outputs must be at most {} in the plan and --out together, got {}",
                    kMetricOutputsMax, outputs->metrics.size()));
  }
  return absl::OkStatus();
}

RunConsoleOptions ConsoleOptionsOf(const RunFlags& flags, const Outputs& outputs,
                                   const Environment& environment) {
  RunConsoleOptions options;
  options.terminal = DescribeTerminal(stderr, NoColor(environment));
  options.quiet = flags.quiet || flags.once;
  options.only_summary = flags.only_summary;
  options.csv_prefix = flags.csv.empty() ? outputs.csv_prefix : flags.csv;
  options.csv_full_history = flags.csv_full_history;
  options.outputs = outputs.metrics;
  return options;
}

int ConcludeRun(const RunReport& report, const RunFlags& flags, const Outputs& outputs,
                const Environment& environment, RunConsole* console) {
  absl::Status written = console->Finish(report);
  written.Update(WriteReports(report, flags, outputs));
  if (!flags.once || flags.output == "json") {
    PrintResult(report, flags, DescribeTerminal(stdout, NoColor(environment)));
  }
  if (written.ok()) {
    return report.exit_code;
  }
  Say(std::string(written.message()));
  return report.exit_code != 0 ? report.exit_code : static_cast<int>(ExitCode::kUsage);
}

bool NoColor(const Environment& environment) {
  const auto term = environment.find("TERM");
  return environment.contains("NO_COLOR") || (term != environment.end() && term->second == "dumb");
}

std::string NewRunId(const Clock& clock) {
  const auto wall = static_cast<uint64_t>(clock.Wall().time_since_epoch().count());
  return fmt::format("run-{:x}-{:04x}", wall / 1'000'000'000, MixSeed(wall) & 0xffff);
}

}  // namespace squall
