// The agents that `squall watch` shows, in its messages. Pure; any thread.
#pragma once

#include "daemon/report/run_view.h"

namespace squall::v1 {
class WatchedAgent;
}  // namespace squall::v1

namespace squall {

void WatchedAgentToProto(const AgentView& agent, v1::WatchedAgent* proto);

// For showing only: a state that this version does not know reads as kIdle, a time that is none as
// zero. Fields that are not in the message stay as in AgentView().
AgentView WatchedAgentFromProto(const v1::WatchedAgent& proto);

}  // namespace squall
