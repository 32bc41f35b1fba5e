// Where the agents of `squall run` come from: one inside this process, those that --agents names,
// those that join (--expect-agents) or child processes (--processes). For one run (Find), or for
// one after another (Open).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/agent/agent.h"
#include "daemon/base/clock.h"
#include "daemon/coordinator/agent_pool.h"
#include "daemon/coordinator/run_coordinator.h"
#include "daemon/programs/run_command.h"
#include "daemon/programs/signals.h"

namespace squall {

class RunAgents final {
 public:
  // Waits for those that are expected. When there are none: says why on standard error and returns
  // the exit code. `options` gets what suits the agents; its run_id must be set.
  // `scripts` makes the engines of the agent inside this process; may be nullptr.
  static std::optional<int> Find(const RunFlags& flags, ScriptEngineMaker scripts,
                                 const Clock* clock, bool colour, StopSignals* signals,
                                 CoordinatorOptions* options, std::unique_ptr<RunAgents>* found);
  // For runs one after another, which claim their agents from pool(). Waits for nobody. Errors as
  // Find prints them; ExitOf has their exit code.
  static absl::StatusOr<std::unique_ptr<RunAgents>> Open(const RunFlags& flags,
                                                         ScriptEngineMaker scripts,
                                                         const Clock* clock);
  static int ExitOf(const absl::Status& status);
  ~RunAgents();
  RunAgents(const RunAgents&) = delete;
  RunAgents& operator=(const RunAgents&) = delete;

  // After Open.
  AgentPool* pool() { return pool_; }
  size_t wanted() const { return wanted_; }  // how many a run waits for
  Nanos patience() const { return patience_; }
  bool inside() const { return local_ != nullptr; }  // the one agent is in this process
  // What became of its reports to outputs. Any thread, after Find or Open.
  std::vector<OutputFigures> OutputsInside() const;
  std::string JoinAddress() const;  // "" when none can join
  // "" while all processes of ours run; else which one ended, and how.
  std::string Ended() const;

  // After Find.
  std::vector<AgentTarget> TakeTargets() { return std::move(targets_); }
  // Sends those that join later to the run, until called with nullptr.
  void SendLateTo(const std::string& run_id, RunCoordinator* coordinator);

 private:
  struct Local;
  struct Hall;
  RunAgents();
  absl::Status MakeLocal(const RunFlags& flags, ScriptEngineMaker scripts, const Clock* clock,
                         bool colour);
  absl::Status MakePool(const Clock* clock);
  absl::Status MakeRemote(const RunFlags& flags);
  absl::Status MakeHall(const RunFlags& flags, const Clock* clock);
  absl::Status WaitForAgents(const RunFlags& flags, const std::string& run_id,
                             StopSignals* signals);

  std::unique_ptr<Local> local_;
  std::unique_ptr<Hall> hall_;
  std::vector<AgentTarget> targets_;
  std::unique_ptr<AgentPool> fixed_;  // of those that are there already
  AgentPool* pool_ = nullptr;
  size_t wanted_ = 1;
  Nanos patience_{0};
};

}  // namespace squall
