// `squall watch` and the second half of `squall start`: follows a run of a squall serve to its end,
// with the live table of `squall run` on a terminal and in lines elsewhere.
#pragma once

#include <string>

#include "daemon/programs/serve_client.h"
#include "daemon/programs/signals.h"
#include "daemon/programs/terminal.h"

namespace squall {

struct WatchOptions {
  std::string run_id;
  bool json = false;  // an object a line
  Terminal terminal;  // of standard output
};

// Says on standard error what goes wrong. The exit code is that of the run's verdict; 130 after
// Ctrl-C, which leaves the run alone.
int WatchRun(const WatchOptions& options, ServeClient* client, StopSignals* signals);

// A failed call: says why; the exit code.
int SayCallFailed(const absl::Status& status);

}  // namespace squall
