// One run of a LoadTest on its agents: a coordinator on a thread of its own. Once started it needs
// neither the API server nor the reconciler. Everything may be called from any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "daemon/base/clock.h"
#include "daemon/coordinator/run_coordinator.h"
#include "daemon/coordinator/run_view_keeper.h"
#include "daemon/rpc/channel.h"
#include "daemon/stats/run_summary.h"

namespace squall {

struct AgentPlace {
  std::string name;     // of the pod
  std::string address;  // host:port
};

struct LoadRunOrder {
  std::string run_id;    // as agents know it
  std::string shown_id;  // as pages show it (load_test_page.h)
  std::string shown_name;
  Plan plan;
  RunSettings settings;
  std::vector<AgentPlace> agents;
  std::optional<Resumption> resumption;  // instead of `agents`: another leader began it
  ChannelSecurity security;
  uint64_t epoch = 1;  // above that of every leader before
  std::string owner;   // for other coordinators' messages
  std::string version;
  Nanos loss_timeout = std::chrono::seconds(3);
};

struct RunHooks {
  // What the next leader needs; before any agent is told of the change. On the run's thread.
  std::function<absl::Status(const std::string& checkpoint)> store;
  // Something that should not wait for the next look: started, an agent lost, over.
  std::function<void()> changed;
};

struct EndpointSeen {
  std::string method;
  std::string name;
  uint64_t requests = 0;
  uint64_t failures = 0;
  Nanos p95{0};
  bool operator==(const EndpointSeen&) const = default;
};

// The run at one moment.
struct RunSeen {
  bool started = false;
  bool over = false;
  RunState state = RunState::kPrepared;
  std::optional<WallTime> started_at;
  Nanos elapsed{0};
  Nanos start_skew{0};  // between the first agent's start and the last one's
  uint64_t users = 0;
  uint64_t target_users = 0;
  uint64_t requests = 0;
  uint64_t failures = 0;
  double requests_per_second = 0;
  Nanos p50{0}, p95{0}, p99{0}, max{0};
  std::vector<EndpointSeen> endpoints;  // by requests, most first
  std::vector<ThresholdResult> thresholds;
  std::vector<std::string> warnings;
  std::vector<std::string> events;  // all so far, at most some hundred
  std::set<std::string> present;    // agents that take part, by name
  std::set<std::string> lost;
  std::set<std::string> left;               // went because there were to be fewer
  std::shared_ptr<const RunReport> report;  // once it is over
  absl::Status error;                       // it is over and came to no report
};

class LoadRun final : private RunObserver {
 public:
  // INVALID_ARGUMENT for a plan, an address or a certificate that cannot be.
  static absl::StatusOr<std::unique_ptr<LoadRun>> Start(LoadRunOrder order, RunHooks hooks,
                                                        const Clock* clock);
  ~LoadRun() override;  // leaves the agents at what they do, for another leader
  LoadRun(const LoadRun&) = delete;
  LoadRun& operator=(const LoadRun&) = delete;

  RunSeen Seen() const;

  // For pages (daemon/gateway/run_host.h), also once it is over.
  std::shared_ptr<const RunView> View() const { return keeper_.View(); }
  RunSummary Summary() const { return keeper_.Summary(); }
  uint64_t Version() const { return keeper_.Version(); }
  PointsPage Points(size_t known) const { return keeper_.Points(known); }
  std::vector<EventView> Events() const;
  // What it would be now, or is. UNAVAILABLE while the run ends; FAILED_PRECONDITION when it came
  // to none.
  absl::StatusOr<RunReport> Report() const;

  // RunCoordinator's.
  bool IsOpen() const;
  absl::Status CheckLoad(const LoadRequest& load) const;
  absl::Status SetLoad(const LoadRequest& load);
  absl::Status SetProfile(const LoadProfile& load);
  void SetThresholds(std::vector<Threshold> thresholds);
  void SetPaused(bool paused);
  void Stop(const std::string& reason, bool immediate);
  absl::Status Join(const AgentPlace& agent);
  // The agent goes once the others have its part.
  void Leave(const std::string& agent);

 private:
  LoadRun(LoadRunOrder order, RunHooks hooks, const Clock* clock);
  absl::Status Make();
  absl::Status Announce();
  void Conclude(absl::StatusOr<RunReport> report);
  void Work();
  void Store();
  void OnStarted(const Plan& plan, const Profile& profile) override;
  void OnTick(const RunProgress& progress) override;
  void OnEvent(std::string_view text) override;
  void OnRoster(const RunRoster& roster) override;

  LoadRunOrder order_;
  const RunHooks hooks_;
  const Clock* const clock_;
  RunViewKeeper keeper_;
  std::unique_ptr<RunCoordinator> coordinator_;
  std::optional<RunRoster> unstored_;  // run's thread: what the API server has not taken yet

  mutable std::mutex mutex_;
  RunSeen seen_;                   // guarded by mutex_
  std::vector<EventView> events_;  // guarded by mutex_; those of seen_, with their times
  std::thread thread_;
};

}  // namespace squall
