// Engines for plans that are scripts, as an agent wants them made.
#pragma once

#include "daemon/agent/agent.h"
#include "daemon/base/clock.h"
#include "daemon/script/lane_process.h"
#include "daemon/script/script_engine.h"

namespace squall {

// Each in a process of its own. `clock` outlives what is made.
ScriptEngineMaker StartScriptEngines(ScriptEngineOptions options, const Clock* clock);

// In this process, which has loaded its locustfile and outlives the agent.
ScriptEngineMaker JoinScriptEngine(LaneProcess* process, const Clock* clock);

}  // namespace squall
