// A finished run, or an agent at any time, as the page shows it. Pure functions.
#pragma once

#include <vector>

#include "daemon/report/report.h"
#include "daemon/report/run_view.h"

namespace squall {

// The figures are those of the report; rates are those of the whole run.
RunView ViewOf(const RunReport& report);

// Named by their ids, with rates of the whole run.
std::vector<AgentView> AgentViewsOf(const std::vector<const Snapshot*>& agents);

// When the first of them has started; WallTime::max() while none has.
WallTime FirstStart(const std::vector<const Snapshot*>& agents);

// What a snapshot tells without adding up its entries: requests, failures and their rate, name and
// version stay as in AgentView().
AgentView AgentViewOf(const Snapshot& agent, WallTime first_start);

}  // namespace squall
