// A LoadTest as a run of the web page: what it is called there, what its status says in the page's
// words, and the changes of its spec that the page's controls stand for. Pure; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <boost/json/object.hpp>

#include "daemon/coordinator/agent_link.h"
#include "daemon/plan/load_profile.h"
#include "daemon/report/run_view.h"
#include "daemon/stats/run_summary.h"
#include "operator/loadtest/load_test.h"

namespace squall {

// "team-a:peak:1": namespace, name and spec.runId, none of which holds a colon. A new runId is
// another run.
std::string ShownRunId(const LoadTest& test);
// The key in such an id; empty when it is none.
ObjectKey KeyOfShownId(std::string_view run_id);

// As the status tells it. `plan_name` is "team-a/peak".
RunSummary SummaryOf(const LoadTest& test);
// Of a run that no agent has begun: there is nothing but its summary. The version grows with every
// change of the object, and is below those of a run that goes on.
RunView ViewOfWaiting(const LoadTest& test);

// Merge patches. `load` with `clear` takes the override out.
boost::json::object LoadPatch(const LoadRequest& load);
// In the place of all that spec.profile says about users over time, and of the override.
boost::json::object StagesPatch(const LoadTest& test, const std::vector<Stage>& stages);
boost::json::object DesiredStatePatch(DesiredState state);

}  // namespace squall
