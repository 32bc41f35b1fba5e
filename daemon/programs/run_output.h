// What every command that runs load does the same: names the run, says what went wrong, prints the
// result and writes the reports. Called on the main thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <absl/status/status.h>

#include "daemon/base/clock.h"
#include "daemon/plan/plan.h"
#include "daemon/programs/run_command.h"
#include "daemon/programs/run_console.h"
#include "daemon/programs/terminal.h"
#include "daemon/report/report.h"

namespace squall {

void Say(std::string_view text);  // on standard error, with our name before it
// Says it; the exit code that goes with it.
int SayStatus(const absl::Status& status);

std::string NewRunId(const Clock& clock);
bool NoColor(const Environment& environment);

// The files that flags, or else the plan, name.
absl::Status WriteReports(const RunReport& report, const RunFlags& flags, const Outputs& outputs);
// On standard output, as flags.output says.
void PrintResult(const RunReport& report, const RunFlags& flags, const Terminal& terminal);

// Adds those of --out. INVALID_ARGUMENT when they are too many together.
absl::Status AddOuts(const std::vector<std::string>& outs, Outputs* outputs);

// How a plan's run is shown while it goes on.
RunConsoleOptions ConsoleOptionsOf(const RunFlags& flags, const Outputs& outputs,
                                   const Environment& environment);
// The end of a plan's run, whose exit code is set already: files and result. The exit code, or that
// of a file that could not be written.
int ConcludeRun(const RunReport& report, const RunFlags& flags, const Outputs& outputs,
                const Environment& environment, RunConsole* console);

}  // namespace squall
