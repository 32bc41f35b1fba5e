#include "daemon/programs/run_output.h"

#include <cstdio>

#include <fmt/format.h>

#include "daemon/base/rng.h"
#include "daemon/base/status_macros.h"
#include "daemon/coordinator/exit_code.h"
#include "daemon/report/file.h"
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
  if (!json.empty()) {
    SQUALL_RETURN_IF_ERROR(WriteFileAtomically(json, JsonReport(report)));
  }
  if (!junit.empty()) {
    SQUALL_RETURN_IF_ERROR(WriteFileAtomically(junit, JunitReport(report)));
  }
  if (!markdown.empty()) {
    SQUALL_RETURN_IF_ERROR(WriteFileAtomically(markdown, MarkdownReport(report)));
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

bool NoColor(const Environment& environment) {
  const auto term = environment.find("TERM");
  return environment.contains("NO_COLOR") || (term != environment.end() && term->second == "dumb");
}

std::string NewRunId(const Clock& clock) {
  const auto wall = static_cast<uint64_t>(clock.Wall().time_since_epoch().count());
  return fmt::format("run-{:x}-{:04x}", wall / 1'000'000'000, MixSeed(wall) & 0xffff);
}

}  // namespace squall
