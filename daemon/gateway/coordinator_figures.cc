#include "daemon/gateway/coordinator_figures.h"

#include <algorithm>
#include <string_view>
#include <vector>

namespace squall {
namespace {

const char* VerdictLabel(const RunSummary& summary) {
  if (summary.state == RunState::kFailed || !summary.verdict.has_value()) {
    return "failed";
  }
  switch (*summary.verdict) {
    case Verdict::kPass:
      return "pass";
    case Verdict::kFail:
      return "fail";
    case Verdict::kInvalid:
      break;
  }
  return "invalid";
}

bool IsOver(const AgentView& agent) {
  return agent.state == RunState::kFinished || agent.state == RunState::kFailed;
}

// Of "b" and "b#2", by which an agent is told apart that comes back to a run: "b".
std::string_view NameOf(std::string_view agent_id) {
  const size_t mark = agent_id.rfind('#');
  const bool numbered = mark != std::string_view::npos && mark + 1 < agent_id.size() &&
                        agent_id.find_first_not_of("0123456789", mark + 1) == agent_id.npos;
  return numbered ? agent_id.substr(0, mark) : agent_id;
}

bool CameBack(const AgentView& lost, const std::vector<AgentView>& agents) {
  return std::any_of(agents.begin(), agents.end(), [&lost](const AgentView& other) {
    return !other.lost && NameOf(other.agent_id) == NameOf(lost.agent_id);
  });
}

}  // namespace

CoordinatedRun CoordinatedRunOf(const RunView& view, WallTime now) {
  CoordinatedRun run;
  run.run_id = view.summary.run_id;
  run.test = view.summary.plan_name;
  run.state = view.summary.state;
  run.users = view.summary.users;
  if (view.total != nullptr) {
    run.elapsed = view.total->elapsed;
    run.target_users = view.total->target_users;
  }
  for (const AgentView& agent : view.agents) {
    // One that left early, or that is back under another name, is nothing to be woken for.
    if (agent.lost ? CameBack(agent, view.agents) : IsOver(agent)) {
      continue;
    }
    CoordinatedRun::Agent& shown = run.agents.emplace_back();
    shown.agent_id = agent.agent_id;
    shown.lost = agent.lost;
    if (!agent.lost && agent.last_seen != WallTime{}) {
      shown.snapshot_age = now - agent.last_seen;
    }
  }
  return run;
}

void RunTally::CountStart() {
  const std::lock_guard<std::mutex> lock(mutex_);
  ++started_;
}

void RunTally::CountEnd(const RunSummary& summary) {
  const std::lock_guard<std::mutex> lock(mutex_);
  ++finished_[VerdictLabel(summary)];
}

CoordinatorFigures RunTally::Figures() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  CoordinatorFigures figures;
  figures.runs_started = started_;
  figures.runs_finished = finished_;
  return figures;
}

}  // namespace squall
