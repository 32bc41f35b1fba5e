// A locustfile with its web page: `squall run -f x.py` and `locust` without --headless. Each run
// has a fresh process, which loads the file as it is then, with what was chosen in the form.
#pragma once

#include <memory>

#include "daemon/programs/script_session.h"
#include "daemon/programs/signals.h"

namespace squall {

// `first` has loaded the locustfile: its description fills the form, and it is the process of a
// first run for which nothing is chosen. The exit code is that of the last run.
int RunScriptWithPage(std::shared_ptr<ScriptSession> first, ScriptSessionOptions options,
                      StopSignals* signals);

}  // namespace squall
