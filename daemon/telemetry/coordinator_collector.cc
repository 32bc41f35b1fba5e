#include "daemon/telemetry/coordinator_collector.h"

#include <algorithm>
#include <array>
#include <utility>

#include "daemon/base/units.h"
#include "daemon/telemetry/metric_families.h"
#include "daemon/telemetry/metric_names.h"

namespace squall {
namespace {

using prometheus::MetricFamily;
using prometheus::MetricType;

// Of runs that go on; the others are counted by their verdict.
constexpr std::array kStates = {RunState::kPrepared, RunState::kRunning, RunState::kPaused,
                                RunState::kStopping};
constexpr std::array kVerdicts = {"pass", "fail", "invalid", "failed"};

void AddRuns(const CoordinatorFigures& figures, const CoordinatorLimits& limits,
             MetricFamilies* out) {
  MetricFamily states =
      Family(MetricType::Gauge, kMetricCoordinatorRuns, "Runs that go on, by state");
  for (const RunState state : kStates) {
    const auto count = std::count_if(figures.runs.begin(), figures.runs.end(),
                                     [&](const auto& run) { return run.state == state; });
    AddValue(&states, {{kMetricLabelState, std::string(RunStateName(state))}},
             static_cast<double>(count));
  }
  out->push_back(std::move(states));
  out->push_back(Counter(kMetricCoordinatorRunsStarted,
                         "Runs that this process has begun or taken over",
                         Real(figures.runs_started)));
  MetricFamily finished = Family(MetricType::Counter, kMetricCoordinatorRunsFinished,
                                 "Runs that are over, by verdict; failed: came to none");
  for (const char* verdict : kVerdicts) {
    const auto found = figures.runs_finished.find(verdict);
    AddValue(&finished, {{kMetricLabelVerdict, verdict}},
             found == figures.runs_finished.end() ? 0 : Real(found->second));
  }
  out->push_back(std::move(finished));

  MetricFamily info =
      Family(MetricType::Gauge, kMetricCoordinatorRunInfo, "Always 1; the labels say which run");
  MetricFamily elapsed =
      Family(MetricType::Gauge, kMetricCoordinatorRunElapsed, "Time since the start of the run");
  MetricFamily users =
      Family(MetricType::Gauge, kMetricCoordinatorRunUsers, "Running users of all agents");
  MetricFamily target = Family(MetricType::Gauge, kMetricCoordinatorRunTargetUsers,
                               "Users that the load profile asks of all agents now");
  for (const CoordinatedRun& run : figures.runs) {
    const LabelList labels = {{kMetricLabelTest, LabelValue(run.test, limits.label_bytes_max)},
                              {kMetricLabelRunId, LabelValue(run.run_id, limits.label_bytes_max)}};
    AddValue(&info, labels, 1);
    AddValue(&elapsed, labels, ToSeconds(run.elapsed));
    AddValue(&users, labels, Real(run.users));
    AddValue(&target, labels, Real(run.target_users));
  }
  for (MetricFamily* family : {&info, &elapsed, &users, &target}) {
    out->push_back(std::move(*family));
  }
}

void AddAgents(const CoordinatorFigures& figures, const CoordinatorLimits& limits,
               MetricFamilies* out) {
  uint64_t busy = 0;
  uint64_t lost = 0;
  std::map<std::string, Nanos> ages;
  for (const CoordinatedRun& run : figures.runs) {
    for (const CoordinatedRun::Agent& agent : run.agents) {
      ++(agent.lost ? lost : busy);
      if (agent.snapshot_age.has_value()) {
        Nanos& age = ages[LabelValue(agent.agent_id, limits.label_bytes_max)];
        age = std::max(age, std::max(Nanos(0), *agent.snapshot_age));
      }
    }
  }
  MetricFamily agents = Family(MetricType::Gauge, kMetricCoordinatorAgents,
                               "Agents: without a run, in one, and missing from one");
  AddValue(&agents, {{kMetricLabelState, "idle"}}, Real(figures.agents_idle));
  AddValue(&agents, {{kMetricLabelState, "busy"}}, Real(busy));
  AddValue(&agents, {{kMetricLabelState, "lost"}}, Real(lost));
  out->push_back(std::move(agents));

  std::vector<std::pair<Nanos, std::string>> oldest;
  for (const auto& [agent, age] : ages) {
    oldest.emplace_back(age, agent);
  }
  std::sort(oldest.rbegin(), oldest.rend());
  MetricFamily family = Family(MetricType::Gauge, kMetricCoordinatorSnapshotAge,
                               "Time since the last snapshot of an agent of a run that goes on");
  for (size_t i = 0; i < oldest.size(); ++i) {
    if (i == limits.agents_max) {
      AddValue(&family, {{kMetricLabelAgent, kMetricOther}}, ToSeconds(oldest[i].first));
      break;
    }
    AddValue(&family, {{kMetricLabelAgent, oldest[i].second}}, ToSeconds(oldest[i].first));
  }
  out->push_back(std::move(family));
}

void AddServices(const CoordinatorFigures& figures, MetricFamilies* out) {
  if (figures.store_bytes.has_value()) {
    out->push_back(Gauge(kMetricCoordinatorStoreBytes, "Size of the history of runs on disk",
                         Real(*figures.store_bytes)));
  }
  if (figures.store_writes.has_value()) {
    out->push_back(Counter(kMetricCoordinatorStoreWrites, "Transactions of that history",
                           Real(*figures.store_writes)));
  }
  if (figures.http_requests.has_value()) {
    MetricFamily requests = Family(MetricType::Counter, kMetricCoordinatorHttpRequests,
                                   "Replies of the web page and its API, by status code");
    for (const auto& [code, count] : *figures.http_requests) {
      AddValue(&requests, {{kMetricLabelCode, std::to_string(code)}}, Real(count));
    }
    out->push_back(std::move(requests));
    out->push_back(Gauge(kMetricCoordinatorStreams, "Pages that watch a run now",
                         Real(figures.event_streams)));
  }
}

}  // namespace

std::vector<MetricFamily> CollectCoordinator(const CoordinatorFigures& figures,
                                             const CoordinatorLimits& limits) {
  MetricFamilies families;
  AddRuns(figures, limits, &families);
  AddAgents(figures, limits, &families);
  AddServices(figures, &families);
  return families;
}

}  // namespace squall
