#include "daemon/report/view_of.h"

#include <algorithm>
#include <memory>

#include "daemon/report/figures.h"

namespace squall {
namespace {

RunSummary SummaryIn(const RunReport& report) {
  const EntryStats total = report.total.Total();
  RunSummary summary;
  summary.run_id = report.run_id;
  summary.plan_name = report.plan_name;
  summary.state = report.total.state == RunState::kFailed ? RunState::kFailed : RunState::kFinished;
  if (report.started_at != WallTime{}) {
    summary.started_at = report.started_at;
  }
  if (report.ended_at != WallTime{}) {
    summary.ended_at = report.ended_at;
  }
  summary.stop_reason = report.total.stop_reason;
  summary.verdict = report.verdict.verdict;
  summary.reasons = report.verdict.reasons;
  summary.warnings = report.verdict.warnings;
  summary.warnings.insert(summary.warnings.end(), report.warnings.begin(), report.warnings.end());
  summary.thresholds = report.thresholds;
  summary.users = report.total.UserCount();
  summary.requests = total.requests;
  summary.failures = total.failures;
  summary.agents = report.agent_descriptions;
  return summary;
}

std::vector<AgentView> AgentsIn(const RunReport& report,
                                const std::vector<const Snapshot*>& snapshots) {
  std::vector<AgentView> agents = AgentViewsOf(snapshots);
  for (AgentView& view : agents) {
    const auto found = std::find_if(
        report.agent_descriptions.begin(), report.agent_descriptions.end(),
        [&view](const AgentDescription& item) { return item.agent_id == view.agent_id; });
    if (found != report.agent_descriptions.end()) {
      view.name = found->name.empty() ? found->agent_id : found->name;
      view.version = found->version;
    }
    view.lost = report.lost_agents.contains(view.agent_id);
  }
  return agents;
}

}  // namespace

RunView ViewOf(const RunReport& report) {
  RunView view;
  view.summary = SummaryIn(report);
  view.host = report.host;
  view.squall_version = report.version;
  view.options = report.options;
  view.seed = report.seed;
  const Nanos measured = report.total.MeasuredTime();
  view.requests_per_second = PerSecond(view.summary.requests, measured);
  view.failures_per_second = PerSecond(view.summary.failures, measured);
  view.planned = report.planned;
  view.stages = report.stages;
  view.overridden = report.overridden;
  view.tasks = report.tasks;
  std::vector<const Snapshot*> snapshots;
  for (const Snapshot& agent : report.agents) {
    snapshots.push_back(&agent);
  }
  view.agents = AgentsIn(report, snapshots);
  view.error_agents = ErrorAgents(snapshots);
  view.total = std::make_shared<const Snapshot>(report.total);
  view.heat = std::make_shared<const std::vector<HeatColumn>>(report.heat);
  return view;
}

std::vector<AgentView> AgentViewsOf(const std::vector<const Snapshot*>& agents) {
  const WallTime first_start = FirstStart(agents);
  std::vector<AgentView> views;
  for (const Snapshot* agent : agents) {
    AgentView view = AgentViewOf(*agent, first_start);
    const EntryStats total = agent->Total();
    view.name = agent->agent_id;
    view.requests = total.requests;
    view.failures = total.failures;
    view.requests_per_second = PerSecond(total.requests, agent->MeasuredTime());
    views.push_back(std::move(view));
  }
  return views;
}

WallTime FirstStart(const std::vector<const Snapshot*>& agents) {
  WallTime first = WallTime::max();
  for (const Snapshot* agent : agents) {
    if (agent->started_at != WallTime{}) {
      first = std::min(first, agent->started_at);
    }
  }
  return first;
}

AgentView AgentViewOf(const Snapshot& agent, WallTime first_start) {
  const GeneratorHealth& health = agent.health;
  AgentView view;
  view.agent_id = agent.agent_id;
  view.state = agent.state;
  view.users = agent.UserCount();
  view.target_users = agent.target_users;
  view.cpu_cores = health.elapsed_seconds > 0 ? health.cpu_seconds / health.elapsed_seconds : 0;
  view.shards = health.shards;
  view.loop_lag_p99 = health.loop_lag.Percentile(0.99);
  view.start_skew =
      agent.started_at > first_start ? Nanos(agent.started_at - first_start) : Nanos(0);
  view.rss_bytes = health.rss_bytes;
  view.open_fds = health.open_fds;
  view.fd_limit = health.fd_limit;
  view.last_seen = agent.at;
  return view;
}

}  // namespace squall
