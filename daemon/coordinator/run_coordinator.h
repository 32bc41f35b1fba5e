// Runs one plan on one or many agents, from Prepare to the report. A local run is the same thing
// with one agent inside the process. Knows agents only through their gRPC channels.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "daemon/base/clock.h"
#include "daemon/coordinator/agent_link.h"
#include "daemon/coordinator/inbox.h"
#include "daemon/plan/plan.h"
#include "daemon/plan/profile.h"
#include "daemon/plan/run_settings.h"
#include "daemon/report/locust_json.h"
#include "daemon/report/report.h"
#include "daemon/stats/series.h"
#include "daemon/stats/snapshot.h"

namespace squall {

struct AgentTarget {
  std::string name;  // unique in the run
  std::shared_ptr<grpc::Channel> channel;
};

struct CoordinatorOptions {
  std::string run_id;
  std::string owner;          // who we are, for other coordinators' error messages
  std::string version;        // of squall, for the report
  std::string authorization;  // "Bearer …" for the agents; secret
  uint64_t epoch = 1;
  Nanos watch_interval = std::chrono::milliseconds(500);
  // Time between the Start calls and the start, so that all agents have heard; 0 for a local one.
  Nanos start_lead = std::chrono::milliseconds(500);
  // An agent that says nothing for so long is lost, and the others take over its part.
  Nanos loss_timeout = std::chrono::seconds(3);
  Nanos call_timeout = std::chrono::seconds(10);
};

// What a running run looks like; everything is borrowed for the call.
struct RunProgress {
  const Snapshot* merged = nullptr;
  const Snapshot* before = nullptr;  // about ten seconds older; nullptr when there is none yet
  const Series* series = nullptr;
  const Profile* profile = nullptr;
  std::vector<const Snapshot*> agents;
};

// Called on the thread that is in Run().
class RunObserver {
 public:
  virtual ~RunObserver() = default;
  virtual void OnStarted(const Plan& plan, const Profile& profile) = 0;
  virtual void OnTick(const RunProgress& progress) = 0;  // about once a second, and at the end
  virtual void OnEvent(std::string_view text) = 0;  // an agent lost, a threshold that aborts …
};

class RunCoordinator final {
 public:
  // `observer` and `clock` outlive it. INVALID_ARGUMENT when plan and settings do not fit together.
  static absl::StatusOr<std::unique_ptr<RunCoordinator>> Make(Plan plan, RunSettings settings,
                                                              std::vector<AgentTarget> agents,
                                                              CoordinatorOptions options,
                                                              RunObserver* observer,
                                                              const Clock* clock);
  ~RunCoordinator();
  RunCoordinator(const RunCoordinator&) = delete;
  RunCoordinator& operator=(const RunCoordinator&) = delete;

  // From Prepare to the end of the run; blocks. UNAVAILABLE when agents cannot be reached before
  // the start; later losses are in the report.
  absl::StatusOr<RunReport> Run();

  // Any thread, any time; they take effect in Run().
  void Stop(std::string reason, bool immediate);
  void SetLoad(LoadRequest request);
  void Pause();
  void Resume();

 private:
  struct Member;

  RunCoordinator(Plan plan, RunSettings settings, Profile profile, CoordinatorOptions options,
                 RunObserver* observer, const Clock* clock);
  absl::Status PrepareAll();
  absl::Status StartAll();
  void GiveUp();
  void Follow();
  void OnSnapshot(Member* member, Snapshot snapshot);
  void OnStreamEnd(Member* member, const absl::Status& status);
  bool LeftEarly(const Snapshot& last) const;
  void FindLost(TimePoint listening_since);
  void Lose(Member* member, const std::string& why);
  void HandOver(Member* member);
  void Warn(std::string text);
  void Tick();
  void JudgeThresholds(bool may_abort);
  const Snapshot* WindowStart(Nanos over) const;
  bool AllOver() const;
  template <typename Command>
  void ToAll(std::string_view what, const Command& command);
  RunReport MakeReport();

  Plan plan_;  // with the settings applied
  RunSettings settings_;
  Plan sent_plan_;  // as it came: agents apply the settings themselves
  const Profile profile_;
  const CoordinatorOptions options_;
  RunObserver* const observer_;
  const Clock* const clock_;

  Inbox inbox_;  // outlives the members' streams
  std::vector<std::unique_ptr<Member>> members_;
  uint64_t epoch_ = 1;
  bool stop_requested_ = false;
  std::string stop_reason_;
  WallTime started_at_{};
  TimePoint next_tick_{};

  Snapshot merged_;
  std::deque<Snapshot> history_;  // one a second, as long as windows and current rates need
  Series series_;
  SecondCounter second_counter_;
  std::vector<ThresholdResult> thresholds_;
  std::vector<std::string> warnings_;
};

}  // namespace squall
