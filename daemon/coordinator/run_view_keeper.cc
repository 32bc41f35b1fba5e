#include "daemon/coordinator/run_view_keeper.h"

#include <algorithm>
#include <utility>

#include "daemon/base/units.h"
#include "daemon/plan/stage_at.h"
#include "daemon/report/figures.h"
#include "daemon/report/options.h"
#include "daemon/report/planned_points.h"
#include "daemon/report/task_shares.h"
#include "daemon/report/view_of.h"

namespace squall {
namespace {

struct Counts {
  uint64_t requests = 0;  // of the measured phase
  uint64_t failures = 0;
  uint64_t every_request = 0;  // of all phases
};

// Without the histograms that Snapshot::Total adds up.
Counts CountsOf(const Snapshot& snapshot) {
  Counts counts;
  for (const auto& [key, entry] : snapshot.entries) {
    counts.every_request += entry.requests;
    if (key.phase == RunPhase::kMeasured) {
      counts.requests += entry.requests;
      counts.failures += entry.failures;
    }
  }
  return counts;
}

void ReadProgress(const RunProgress& progress, RunSummary* summary) {
  const Snapshot& merged = *progress.merged;
  const bool over = merged.state == RunState::kFinished || merged.state == RunState::kFailed;
  summary->state = over ? RunState::kStopping : merged.state;  // over only with its report
  summary->started_at = merged.started_at;
  summary->stop_reason = merged.stop_reason;
  summary->users = merged.UserCount();
  const Counts counts = CountsOf(merged);
  summary->requests = counts.requests;
  summary->failures = counts.failures;
  summary->thresholds = *progress.thresholds;
  summary->warnings = *progress.warnings;
}

AgentView Describe(const AgentDescription& agent) {
  AgentView view;
  view.agent_id = agent.agent_id;
  view.name = agent.name.empty() ? agent.agent_id : agent.name;
  view.version = agent.version;
  view.state = RunState::kPrepared;
  view.shards = agent.shards;
  return view;
}

// Per second, over the newest points.
double RateOf(const std::vector<SeriesPoint>& points, uint64_t SeriesPoint::*count) {
  uint64_t sum = 0;
  Nanos time{0};
  for (auto point = points.rbegin(); point != points.rend() && time < kCurrentWindow; ++point) {
    sum += (*point).*count;
    time += point->length;
  }
  return PerSecond(sum, time);
}

}  // namespace

RunViewKeeper::RunViewKeeper(const Clock& clock, std::string squall_version) {
  const Nanos now = clock.Wall().time_since_epoch();
  draft_.version =
      static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(now).count());
  draft_.squall_version = std::move(squall_version);
}

void RunViewKeeper::Begin(const Plan& plan, const Profile& profile) {
  const auto* level = std::get_if<ConstantLoad>(&plan.load_profile.load);
  load_is_told_ = level != nullptr && level->users == 0;
  head_.stop_timeout = plan.stop_timeout;
  Follow(profile);
  std::vector<TaskShare> tasks = TaskShares(plan);
  Update([&](RunView* view) {
    view->host = plan.service.base_url;
    view->seed = plan.seed;
    view->tasks = std::move(tasks);
  });
}

void RunViewKeeper::Follow(const Profile& profile) {
  head_.load_profile = profile.load();
  RunOptions options = ReportOptions(head_, profile);
  std::vector<PlannedPoint> planned = PlannedPoints(profile);
  const auto* stages = std::get_if<std::vector<Stage>>(&profile.load().load);
  Update([&](RunView* view) {
    view->options = std::move(options);
    view->planned = std::move(planned);
    view->stages = stages == nullptr ? std::nullopt : std::optional(*stages);
  });
}

void RunViewKeeper::Restore(const Resumption& resumption) {
  std::vector<const Snapshot*> agents;
  for (const Resumption::Member& member : resumption.members) {
    if (member.snapshot.sequence > 0) {
      agents.push_back(&member.snapshot);
    }
    if (member.fate == MemberFate::kLost) {
      lost_.insert(member.target.name);
    }
  }
  std::vector<AgentView> shown = AgentsAt(agents);
  Update([&](RunView* view) {
    CatchUp(resumption.series.run);
    view->requests_per_second = RateOf(points_, &SeriesPoint::requests);
    view->failures_per_second = RateOf(points_, &SeriesPoint::failures);
    view->agents = std::move(shown);
    if (!agents.empty()) {
      view->total = std::make_shared<const Snapshot>(MergeSnapshots(agents));
    }
    if (!resumption.heat.empty()) {
      view->heat = std::make_shared<const std::vector<HeatColumn>>(resumption.heat);
    }
  });
  ShowControl(resumption.control);
}

RunSummary RunViewKeeper::SummaryAt(const RunProgress& progress) const {
  RunSummary summary = Summary();
  ReadProgress(progress, &summary);
  return summary;
}

void RunViewKeeper::OnTick(const RunProgress& progress) {
  if (progress.profile->load() != head_.load_profile) {
    Follow(*progress.profile);
  }
  std::vector<AgentView> agents = AgentsAt(progress.agents);
  Update([&](RunView* view) {
    ReadProgress(progress, &view->summary);
    const RunState state = view->summary.state;
    view->stage = state == RunState::kRunning || state == RunState::kPaused
                      ? StageAt(progress.profile->load(), progress.merged->elapsed)
                      : 0;
    CatchUp(progress.series->points());
    view->agents = std::move(agents);
    // Of a run that was taken over and whose agents have not been heard yet: its rates are no less.
    if (view->total == nullptr || view->total->elapsed < progress.merged->elapsed) {
      view->requests_per_second = progress.series->CurrentRequestRate(kCurrentWindow);
      view->failures_per_second = progress.series->CurrentFailureRate(kCurrentWindow);
    }
    view->error_agents = ErrorAgents(progress.agents);
    view->invalid_so_far = progress.invalid_so_far;
    view->total = progress.merged;
    view->before = progress.before;
    if (progress.heat != nullptr) {
      view->heat = std::make_shared<const std::vector<HeatColumn>>(progress.heat->columns());
    }
  });
}

void RunViewKeeper::OnRoster(const RunRoster& roster) {
  lost_.clear();
  for (const MemberRecord& member : roster.members) {
    if (WasLost(member)) {
      lost_.insert(member.name);
    }
  }
  ShowControl(roster.control);
}

void RunViewKeeper::ShowControl(const RunControl& control) {
  const std::optional<LoadByHand> by_hand = load_is_told_ ? std::nullopt : ByHand(control);
  Update([&](RunView* view) { view->overridden = by_hand; });
}

void RunViewKeeper::AddAgent(const AgentDescription& agent) {
  Update([&](RunView* view) {
    view->summary.agents.push_back(agent);
    view->agents.push_back(Describe(agent));
  });
}

void RunViewKeeper::Finish(RunView finished) {
  Update([&](RunView* view) {
    finished.version = view->version;
    *view = std::move(finished);
  });
}

void RunViewKeeper::Update(const std::function<void(RunView*)>& change) {
  const std::lock_guard<std::mutex> lock(mutex_);
  change(&draft_);
  ++draft_.version;
  published_ = nullptr;
}

// All but the last point stay as they are until the line is thinned, which changes the first.
void RunViewKeeper::CatchUp(const std::vector<SeriesPoint>& points) {
  const bool thinned =
      !points_.empty() && (points.size() < points_.size() || points.front() != points_.front());
  const size_t same = thinned || points_.empty() ? 0 : points_.size() - 1;
  points_.resize(same);
  points_.insert(points_.end(), points.begin() + static_cast<ptrdiff_t>(same), points.end());
}

std::vector<AgentView> RunViewKeeper::AgentsAt(const std::vector<const Snapshot*>& agents) {
  const WallTime first_start = FirstStart(agents);
  std::map<std::string, AgentView, std::less<>> views;
  for (const AgentDescription& agent : Summary().agents) {
    views.emplace(agent.agent_id, Describe(agent));
  }
  for (const Snapshot* agent : agents) {
    AgentView* view =
        &views.emplace(agent->agent_id, Describe({.agent_id = agent->agent_id})).first->second;
    AgentView seen = AgentViewOf(*agent, first_start);
    seen.name = std::move(view->name);
    seen.version = std::move(view->version);
    *view = std::move(seen);
    const Counts counts = CountsOf(*agent);
    view->requests = counts.requests;
    view->failures = counts.failures;
    view->lost = lost_.contains(agent->agent_id);
    view->requests_per_second = view->lost ? 0 : AgentRate(*agent, counts.every_request);
  }
  std::vector<AgentView> shown;
  for (auto& [agent_id, view] : views) {
    shown.push_back(std::move(view));
  }
  return shown;
}

double RunViewKeeper::AgentRate(const Snapshot& agent, uint64_t requests) {
  std::deque<Mark>* marks = &marks_[agent.agent_id];
  if (marks->empty() || marks->back().elapsed < agent.elapsed) {
    marks->push_back({agent.elapsed, requests});
  }
  while (marks->size() > 2 && agent.elapsed - (*marks)[1].elapsed >= kCurrentWindow) {
    marks->pop_front();
  }
  return PerSecond(Grown(marks->front().requests, marks->back().requests),
                   marks->back().elapsed - marks->front().elapsed);
}

std::shared_ptr<const RunView> RunViewKeeper::View() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (published_ == nullptr) {
    published_ = std::make_shared<const RunView>(draft_);
  }
  return published_;
}

RunSummary RunViewKeeper::Summary() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return draft_.summary;
}

uint64_t RunViewKeeper::Version() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return draft_.version;
}

PointsPage RunViewKeeper::Points(size_t known) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  PointsPage page;
  page.from = known == 0 || known > points_.size() ? 0 : known - 1;
  page.points.assign(points_.begin() + static_cast<ptrdiff_t>(page.from), points_.end());
  page.step = points_.empty() ? Nanos(0) : points_.front().length;
  return page;
}

}  // namespace squall
