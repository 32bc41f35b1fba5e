// The JSON of what a host has: its plans, its runs, its agents (web/src/api.ts: Server,
// RunItem). What is in a run is daemon/report/view_json.h. Pure; nothing secret gets in.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "daemon/gateway/run_host.h"
#include "daemon/stats/run_summary.h"

namespace squall {

// `instance` is another one after a restart; `login`: whoever asks can log out.
std::string ServerJson(const HostAbilities& abilities, const std::vector<PlanOffer>& plans,
                       std::string_view instance, bool login);
std::string RunItemJson(const RunSummary& run);
// {"runs": […], "next_page": "…" or null}
std::string RunListJson(const std::vector<RunSummary>& runs, const std::string& next_page);
// {"agents": […]}
std::string HostAgentsJson(const std::vector<HostAgent>& agents);

}  // namespace squall
