// One run of `squall serve`, from the wait for its agents to its report, on a thread of its own.
// Everything but the constructor may be called from any thread.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "daemon/base/clock.h"
#include "daemon/coordinator/agent_pool.h"
#include "daemon/coordinator/run_coordinator.h"
#include "daemon/gateway/run_journal.h"
#include "daemon/plan/plan.h"
#include "daemon/plan/run_settings.h"
#include "daemon/stats/run_summary.h"
#include "daemon/store/run_store.h"

namespace squall {

// What somebody wants to run.
struct RunOrder {
  std::string run_id;
  Plan plan;
  RunSettings settings;
  std::vector<std::string> agents;  // by agent_id; empty: all that are idle
  size_t agents_min = 1;
  Nanos agents_wait = std::chrono::seconds(60);
  bool fixed_agents = false;  // those that join later are left out
};

// What runs have in common; everything outlives them.
struct RunParts {
  RunStore* store = nullptr;
  AgentPool* pool = nullptr;
  const Clock* clock = nullptr;
  std::function<void(const std::string& run_id, std::string_view text)> log;
  std::string owner;    // who commands, for other coordinators' messages
  std::string version;  // of squall
  Nanos loss_timeout = std::chrono::seconds(3);
  int exit_code_on_error = 1;
};

// A run at one moment.
struct RunNow {
  RunSummary summary;
  double requests_per_second = 0;  // over the last ten seconds
  double failures_per_second = 0;
  std::shared_ptr<const Snapshot> merged;  // nullptr before the first
  uint64_t version = 0;                    // grows with every change
};

class ActiveRun final : private RunObserver {
 public:
  // In the store from here on.
  static absl::StatusOr<std::unique_ptr<ActiveRun>> Create(RunParts parts, RunOrder order);
  // Goes on with a run whose coordinator has gone. Channels to its agents come from `connect`.
  static absl::StatusOr<std::unique_ptr<ActiveRun>> Resume(RunParts parts,
                                                           const std::string& run_id,
                                                           const AgentPool::Connect& connect);
  ~ActiveRun() override;  // leaves the run to another coordinator, if it is not over
  ActiveRun(const ActiveRun&) = delete;
  ActiveRun& operator=(const ActiveRun&) = delete;

  const std::string& run_id() const { return order_.run_id; }
  RunNow Now() const;
  bool over() const { return over_; }
  void Wait() const { over_.wait(false); }  // until it is over

  // FAILED_PRECONDITION while it waits for agents and once it is over.
  absl::Status SetLoad(const LoadRequest& load);
  absl::Status SetPaused(bool paused);
  absl::Status Stop(const std::string& reason, bool immediate);
  // An agent that is idle; takes it if the run wants more.
  void Offer(const PoolAgent& agent);
  // What the report would be now.
  absl::StatusOr<RunReport> Report();

 private:
  ActiveRun(RunParts parts, RunOrder order);
  void Begin();
  void Work();
  absl::Status Prepare();
  void Conclude(const absl::StatusOr<RunReport>& report);
  void OnStarted(const Plan& plan, const Profile& profile) override;
  void OnTick(const RunProgress& progress) override;
  void OnEvent(std::string_view text) override;
  void OnRoster(const RunRoster& roster) override;
  void Check(const absl::Status& written);
  absl::Status WithCoordinator(const std::function<void(RunCoordinator*)>& work) const;

  const RunParts parts_;
  RunOrder order_;
  std::optional<Resumption> resumption_;
  std::unique_ptr<RunJournal> journal_;
  bool store_broken_ = false;  // run's thread

  mutable std::mutex mutex_;
  std::unique_ptr<RunCoordinator> coordinator_;  // guarded by mutex_, as what follows
  bool running_ = false;                         // in Run()
  std::string stop_reason_;  // of a stop that came before there was a coordinator
  RunNow now_;

  std::atomic<bool> abandoned_ = false;
  std::atomic<bool> over_ = false;
  std::thread thread_;
};

}  // namespace squall
