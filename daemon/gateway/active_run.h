// One run of a RunManager, from the wait for its agents to its report, on a thread of its own.
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
#include "daemon/coordinator/run_view_keeper.h"
#include "daemon/gateway/run_companion.h"
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
  bool fixed_agents = false;                // those that join later are left out
  std::vector<std::string> notes;           // about the plan: the run's first events
  std::shared_ptr<RunCompanion> companion;  // may be nullptr
};

// What runs have in common; everything outlives them.
struct RunParts {
  RunStore* store = nullptr;
  AgentPool* pool = nullptr;
  const Clock* clock = nullptr;
  std::function<void(const std::string& run_id, std::string_view text)> log;
  std::string owner;    // who commands, for other coordinators' messages
  std::string version;  // of squall
  // As in CoordinatorOptions.
  Nanos watch_interval = std::chrono::milliseconds(500);
  Nanos start_lead = std::chrono::milliseconds(500);
  Nanos loss_timeout = std::chrono::seconds(3);
  Nanos call_timeout = std::chrono::seconds(10);
  int exit_code_on_error = 1;
  // A run is over and came to this; on its thread. May be nullptr.
  std::function<void(const RunSummary& summary)> on_over = nullptr;
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
  std::shared_ptr<const RunView> View() const { return keeper_.View(); }
  RunSummary Summary() const { return keeper_.Summary(); }
  uint64_t Version() const { return keeper_.Version(); }
  PointsPage Points(size_t known) const { return keeper_.Points(known); }
  // As JSON (view_json.h), with this run's points and events.
  std::string RenderView(const RunView& view) const;
  bool over() const { return over_; }
  // It is over, and nobody but this object knows how it ended: the store has failed.
  bool unstored() const { return over_ && !stored_; }
  void Wait() const { over_.wait(false); }  // until it is over

  // FAILED_PRECONDITION while it waits for agents and once it is over. INVALID_ARGUMENT for users
  // in an arrival-rate run, a factor or stages in the other one, or the other way round.
  absl::Status SetLoad(const LoadRequest& load);
  // In the place of the profile, on the clock that goes on; what was set by hand is undone.
  absl::Status SetStages(const std::vector<Stage>& stages);
  absl::Status SetPaused(bool paused);
  absl::Status Stop(const std::string& reason, bool immediate);
  // An agent that is idle; takes it if the run wants more.
  void Offer(const PoolAgent& agent);
  // What the report would be now.
  absl::StatusOr<RunReport> Report();
  // Of a run that is unstored(); NOT_FOUND when it came to no report.
  absl::StatusOr<std::string> UnstoredReport(const std::string& format) const;

 private:
  ActiveRun(RunParts parts, RunOrder order);
  absl::Status Announce();
  void Work();
  absl::Status Prepare();
  absl::StatusOr<RunReport> Run();
  void Conclude(absl::StatusOr<RunReport> report);
  void Finish(RunReport report);
  void Fail(const absl::Status& why);
  void Close(RunView view, std::vector<ReportText> texts, const absl::Status& written);
  void OnStarted(const Plan& plan, const Profile& profile) override;
  void OnTick(const RunProgress& progress) override;
  void OnEvent(std::string_view text) override;
  void OnRoster(const RunRoster& roster) override;
  void OnMessage(const std::string& agent, const ScriptMessage& message) override;
  void Check(const absl::Status& written);
  absl::Status WithCoordinator(const std::function<void(RunCoordinator*)>& work) const;

  const RunParts parts_;
  RunOrder order_;
  std::optional<Resumption> resumption_;
  std::unique_ptr<RunJournal> journal_;
  RunViewKeeper keeper_;
  LoadProfile load_;           // with the settings applied
  bool store_broken_ = false;  // run's thread

  mutable std::mutex mutex_;
  std::unique_ptr<RunCoordinator> coordinator_;  // guarded by mutex_, as what follows
  bool running_ = false;                         // in Run()
  std::string stop_reason_;  // of a stop that came before there was a coordinator

  std::atomic<bool> abandoned_ = false;
  std::atomic<bool> over_ = false;
  bool stored_ = true;  // this and what follows: written before over_ is
  std::vector<ReportText> unstored_;
  std::thread thread_;
};

}  // namespace squall
