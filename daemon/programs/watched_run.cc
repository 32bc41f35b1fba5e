#include "daemon/programs/watched_run.h"

#include <utility>
#include <vector>

#include "daemon/gateway/coordinator_figures.h"

namespace squall {

WatchedRun::WatchedRun(std::string run_id, const Clock* clock)
    : run_id_(std::move(run_id)), clock_(clock), keeper_(*clock, SQUALL_VERSION) {}

RunObserver* WatchedRun::Before(RunObserver* next) {
  next_ = next;
  return this;
}

void WatchedRun::OnStarted(const Plan& plan, const Profile& profile) {
  keeper_.Begin(plan, profile);
  keeper_.Update([&](RunView* view) {
    view->summary.run_id = run_id_;
    view->summary.plan_name = plan.name;
    view->summary.state = RunState::kRunning;
  });
  started_ = true;
  next_->OnStarted(plan, profile);
}

void WatchedRun::OnTick(const RunProgress& progress) {
  keeper_.OnTick(progress);
  next_->OnTick(progress);
}

void WatchedRun::OnEvent(std::string_view text) { next_->OnEvent(text); }

void WatchedRun::OnRoster(const RunRoster& roster) {
  keeper_.OnRoster(roster);
  next_->OnRoster(roster);
}

void WatchedRun::OnMessage(const std::string& agent, const ScriptMessage& message) {
  next_->OnMessage(agent, message);
}

MetricsSource WatchedRun::Source() {
  MetricsSource source;
  source.coordinator = [this] {
    CoordinatorFigures figures;
    if (started_) {
      figures.runs_started = 1;
      figures.runs.push_back(CoordinatedRunOf(*keeper_.View(), clock_->Wall()));
    }
    return figures;
  };
  source.load = [this]() -> std::shared_ptr<const RunView> {
    return started_ ? keeper_.View() : nullptr;
  };
  source.outputs = [this] {
    const RunAgents* const agents = agents_;
    return agents == nullptr ? std::vector<OutputFigures>() : agents->OutputsInside();
  };
  return source;
}

}  // namespace squall
