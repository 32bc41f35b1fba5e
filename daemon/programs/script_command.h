// `squall run -f locustfile.py`, and everything that is called as `locust`: a run whose users are
// Python's, in a process of their own.
#pragma once

#include "daemon/programs/run_command.h"
#include "daemon/programs/script_line.h"
#include "daemon/programs/signals.h"

namespace squall {

// The exit code. `self` is argv[0].
int ScriptCommand(ScriptLine line, const std::string& self, const Environment& environment,
                  StopSignals* signals);

}  // namespace squall
