// The one run of a program without a web page, for its metrics: passes on what it hears, and keeps
// the newest figures.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "daemon/base/clock.h"
#include "daemon/coordinator/run_coordinator.h"
#include "daemon/coordinator/run_view_keeper.h"
#include "daemon/programs/metrics_door.h"
#include "daemon/programs/run_agents.h"

namespace squall {

class WatchedRun final : public RunObserver {
 public:
  WatchedRun(std::string run_id, const Clock* clock);

  // Who hears it, too; before the run. It outlives the run.
  RunObserver* Before(RunObserver* next);
  // Whose outputs are shown, too; it outlives this.
  void Show(const RunAgents* agents) { agents_ = agents; }

  // RunObserver; the run's thread.
  void OnStarted(const Plan& plan, const Profile& profile) override;
  void OnTick(const RunProgress& progress) override;
  void OnEvent(std::string_view text) override;
  void OnRoster(const RunRoster& roster) override;
  void OnMessage(const std::string& agent, const ScriptMessage& message) override;

  // Any thread, as long as this lives.
  MetricsSource Source();

 private:
  const std::string run_id_;
  const Clock* const clock_;
  RunObserver* next_ = nullptr;
  RunViewKeeper keeper_;
  std::atomic<bool> started_ = false;
  std::atomic<const RunAgents*> agents_ = nullptr;
};

}  // namespace squall
