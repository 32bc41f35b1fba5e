// What every command that runs load does the same: names the run, says what went wrong, prints the
// result and writes the reports. Called on the main thread.
#pragma once

#include <string>
#include <string_view>

#include <absl/status/status.h>

#include "daemon/base/clock.h"
#include "daemon/plan/plan.h"
#include "daemon/programs/run_command.h"
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

}  // namespace squall
