// Runs one plan on one or many agents, from Prepare to the report. A local run is the same thing
// with one agent inside the process. Knows agents only through their gRPC channels. Agents may be
// lost, come back and join; another coordinator may take over from a stored state (Resumption).
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "daemon/base/clock.h"
#include "daemon/coordinator/inbox.h"
#include "daemon/coordinator/roster.h"
#include "daemon/plan/plan.h"
#include "daemon/plan/profile.h"
#include "daemon/plan/run_settings.h"
#include "daemon/report/locust_json.h"
#include "daemon/report/report.h"
#include "daemon/stats/heat_map.h"
#include "daemon/stats/series_set.h"
#include "daemon/stats/snapshot.h"

namespace squall {

struct CoordinatorOptions {
  std::string run_id;
  std::string owner;    // who we are, for other coordinators' messages
  std::string version;  // of squall, for the report
  uint64_t epoch = 1;
  Nanos watch_interval = std::chrono::milliseconds(500);
  // Time between the Start calls and the start, so that all agents have heard; 0 for a local one.
  Nanos start_lead = std::chrono::milliseconds(500);
  // An agent that says nothing for so long is lost, and the others take over its part.
  Nanos loss_timeout = std::chrono::seconds(3);
  Nanos call_timeout = std::chrono::seconds(10);
  Nanos command_timeout = std::chrono::seconds(2);
};

// A run that goes on, as the coordinator that is gone had stored it.
struct Resumption {
  struct Member {
    AgentTarget target;
    Assignment assignment;
    Snapshot snapshot;  // the newest that was stored
    MemberFate fate = MemberFate::kPresent;
  };
  WallTime started_at{};
  uint64_t epoch = 0;  // the highest that was used
  std::vector<Member> members;
  RunControl control;
  SeriesLines series;
  std::vector<HeatColumn> heat = {};
  std::vector<std::string> warnings;
};

// What a running run looks like; all but the two snapshots is borrowed for the call.
struct RunProgress {
  std::shared_ptr<const Snapshot> merged;
  std::shared_ptr<const Snapshot> before;  // about ten seconds older; nullptr when there is none
  const Series* series = nullptr;
  const HeatMap* heat = nullptr;
  const Profile* profile = nullptr;
  std::vector<const Snapshot*> agents;
  const std::vector<ThresholdResult>* thresholds = nullptr;
  const std::vector<std::string>* warnings = nullptr;
  std::vector<std::string> invalid_so_far;  // InvalidReasons
  SeriesSet* lines = nullptr;               // for TakeChanges, by the one observer that stores them
};

// The state from which a Resumption is made, without what the agents tell themselves.
struct RunRoster {
  WallTime started_at{};
  uint64_t epoch = 0;
  std::vector<MemberRecord> members;
  RunControl control;
  std::vector<std::string> warnings;
};

// Called on the thread that is in Run().
class RunObserver {
 public:
  virtual ~RunObserver() = default;
  virtual void OnStarted(const Plan& plan, const Profile& profile) = 0;
  virtual void OnTick(const RunProgress& progress) = 0;  // about once a second, and at the end
  virtual void OnEvent(std::string_view text) = 0;  // an agent lost, a threshold that aborts …
  // Who takes part, or what is asked of the run, changes; before any agent is told.
  virtual void OnRoster(const RunRoster& /*roster*/) {}
  // From the user code on an agent.
  virtual void OnMessage(const std::string& /*agent*/, const ScriptMessage& /*message*/) {}
};

// What "current" rates and quantiles are of.
inline constexpr Nanos kCurrentWindow = std::chrono::seconds(10);

class RunCoordinator final : private Roster::Listener {
 public:
  // `observer` and `clock` outlive it. INVALID_ARGUMENT when plan and settings do not fit together.
  static absl::StatusOr<std::unique_ptr<RunCoordinator>> Make(Plan plan, RunSettings settings,
                                                              std::vector<AgentTarget> agents,
                                                              CoordinatorOptions options,
                                                              RunObserver* observer,
                                                              const Clock* clock);
  // Goes on with a run; `plan` and `settings` as they were (sent_plan, settings).
  static absl::StatusOr<std::unique_ptr<RunCoordinator>> Resume(Plan plan, RunSettings settings,
                                                                Resumption resumption,
                                                                CoordinatorOptions options,
                                                                RunObserver* observer,
                                                                const Clock* clock);
  ~RunCoordinator() override;
  RunCoordinator(const RunCoordinator&) = delete;
  RunCoordinator& operator=(const RunCoordinator&) = delete;

  // From Prepare to the end of the run; blocks. UNAVAILABLE when agents cannot be reached before
  // the start; FAILED_PRECONDITION once another coordinator commands the run; later losses are in
  // the report.
  absl::StatusOr<RunReport> Run();

  // Any thread, any time; they take effect in Run().
  void Stop(std::string reason, bool immediate);
  // INVALID_ARGUMENT, and nothing else happens, for a load of the other model: users where tasks
  // arrive by a rate, or a factor where they do not. No agent would do it, and one that joins later
  // would refuse the profile with it.
  absl::Status SetLoad(LoadRequest request);
  absl::Status CheckLoad(const LoadRequest& request) const;  // what SetLoad would say
  // Another profile in the place of the plan's, on the clock that goes on: the users are at once
  // those that it would have by now; when it is over by now, the run ends. INVALID_ARGUMENT for one
  // that cannot be, or when either of the two has arrival rates.
  absl::Status SetProfile(const LoadProfile& load);
  // Others than the plan's from now on, judged on all that was measured.
  void SetThresholds(std::vector<Threshold> thresholds);
  // To user code on one agent, or with "" on all; who is away misses it.
  void Tell(std::string agent, ScriptMessage message);
  // One more line among the run's events: for who has asked something of it and wants that known.
  void Remark(std::string text);
  void Pause();
  void Resume();
  // An agent that comes while the run goes on: it gets its share of the users at the spawn rate.
  void Join(AgentTarget agent);
  // One that takes part gives its users to the others at the spawn rate, and stops. Says so as an
  // event when it cannot: it is the last one, unknown, or the plan counts iterations.
  void Leave(std::string agent);
  // What the report would be now. `done` runs on the thread that is in Run().
  void Report(std::function<void(RunReport)> done);
  // Leaves Run at once with CANCELLED, and the agents at what they do: for another coordinator.
  void Abandon();

  // As every agent gets them: the settings include the seed that was chosen.
  // Whether tasks arrive by a rate. Any thread: nothing changes that.
  bool IsOpen() const;
  const Plan& sent_plan() const { return sent_plan_; }
  const RunSettings& settings() const { return settings_; }

 private:
  RunCoordinator(Plan plan, RunSettings settings, Profile profile, CoordinatorOptions options,
                 RunObserver* observer, const Clock* clock);
  static absl::StatusOr<std::unique_ptr<RunCoordinator>> MakeBare(Plan plan, RunSettings settings,
                                                                  CoordinatorOptions options,
                                                                  RunObserver* observer,
                                                                  const Clock* clock);
  void MakeRoster(Membership members);
  void Begin();
  void Step();
  void OnNote(std::string_view text) override;
  void OnWarning(std::string text) override;
  void OnMembers() override;
  void OnFatal(absl::Status status) override;
  bool LeftEarly(const Snapshot& last) override;
  double JoinRate(Nanos elapsed) override;
  void Tick();
  void JudgeThresholds(bool may_abort);
  std::shared_ptr<const Snapshot> WindowStart(Nanos over) const;
  void Note(std::string_view text);
  RunReport MakeReport();

  Plan plan_;  // with the settings applied
  RunSettings settings_;
  Plan sent_plan_;  // as it came: agents apply the settings themselves
  Profile profile_;
  const CoordinatorOptions options_;
  RunObserver* const observer_;
  const Clock* const clock_;

  Inbox inbox_;  // outlives the roster's links
  std::unique_ptr<Roster> roster_;
  absl::Status fatal_;
  WallTime started_at_{};
  bool resumed_ = false;
  TimePoint next_tick_{};

  std::shared_ptr<const Snapshot> merged_ = std::make_shared<const Snapshot>();
  // One a second, as long as windows and current rates need.
  std::deque<std::shared_ptr<const Snapshot>> history_;
  SeriesSet series_;
  HeatMap heat_;
  std::deque<EventView> events_;  // the newest ones
  int64_t events_noted_ = 0;
  SecondCounter second_counter_;
  std::vector<ThresholdResult> thresholds_;
  std::vector<std::string> warnings_;
};

}  // namespace squall
