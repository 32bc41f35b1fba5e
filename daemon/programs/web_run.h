// `squall run` with its web page: it waits for Start, which comes from the page, from Enter on the
// terminal or from --autostart, and goes on serving when a run is over.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include <absl/status/status.h>

#include "daemon/agent/agent.h"
#include "daemon/base/clock.h"
#include "daemon/gateway/run_manager.h"
#include "daemon/programs/run_command.h"
#include "daemon/programs/run_desk.h"
#include "daemon/programs/signals.h"

namespace squall {

struct WebRunOptions {
  const RunFlags* flags = nullptr;  // agents, page, output; outlives the run
  std::string program;              // "squall run", "locust"
  std::vector<OfferedPlan> plans;   // of which the first is what Enter starts
  bool start_text = false;          // a plan may be typed, too
  bool stages = true;               // may be edited
  ScriptEngineMaker scripts;        // of the agent inside this process; may be nullptr
  Nanos call_timeout = std::chrono::seconds(10);  // locustfiles take long to load
  // Makes the companion of a run that is to start, see RunManagerOptions.
  std::function<absl::Status(const StartRequest&, RunOrder* order)> on_start;
};

// Serves until Ctrl-C or --autoquit; the exit code is that of the last run. The companions that
// `on_start` makes tell `desk` how runs go. `clock` and `desk` outlive the call.
int ServeRuns(WebRunOptions options, const Clock* clock, RunDesk* desk, StopSignals* signals);

// `squall run PLAN` without --headless.
int RunPlanWithPage(Plan plan, const RunFlags& flags, const Environment& environment,
                    StopSignals* signals);

}  // namespace squall
