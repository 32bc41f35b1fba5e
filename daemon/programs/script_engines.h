// Engines for plans that are scripts, as an agent wants them made.
#pragma once

#include <functional>
#include <memory>

#include "daemon/agent/agent.h"
#include "daemon/base/clock.h"
#include "daemon/script/lane_process.h"
#include "daemon/script/script_engine.h"

namespace squall {

// Each in a process of its own. `clock` outlives what is made.
ScriptEngineMaker StartScriptEngines(ScriptEngineOptions options, const Clock* clock);

// In the process that there is when a run begins, and that has loaded its locustfile.
ScriptEngineMaker JoinScriptEngine(std::function<std::shared_ptr<LaneProcess>()> process,
                                   const Clock* clock);

}  // namespace squall
