// A LoadEngine whose users live in the process of a locustfile. The process is started for the run
// (an agent elsewhere), or is there already, since its command line had to be understood first (a
// run on this machine alone).
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "daemon/base/clock.h"
#include "daemon/engine/load_engine.h"
#include "daemon/plan/assignment.h"
#include "daemon/plan/plan.h"
#include "daemon/plan/run_settings.h"
#include "daemon/script/lane_process.h"
#include "daemon/script/script_files.h"

namespace squall {

// What the agent was asked for.
struct ScriptOrder {
  std::string run_id;
  std::string agent_id;
  uint64_t epoch = 0;
  Plan plan;  // as it came: the process applies the settings itself
  RunSettings settings;
  Assignment assignment;
  // With the settings applied:
  Nanos stop_timeout{0};
  std::optional<Nanos> run_time;
  std::function<void(std::string_view text)> log;
  std::function<void(const std::string& reason)> on_finished;  // the lane's thread
};

struct ScriptEngineOptions {
  std::string program;  // squall-python
  std::optional<uint64_t> memory_bytes_max;
  std::vector<std::string> allow_targets;
  Nanos load_patience = std::chrono::seconds(60);  // imports may take their time
  // How much longer than the plan's stop_timeout a stop may take until the process is killed.
  Nanos stop_grace = std::chrono::seconds(5);
  // How long listeners may take when the last user has ended (`test_stop`).
  Nanos listener_grace = std::chrono::seconds(30);
  // A process that says nothing for so long while it runs is given up.
  Nanos silence_max = std::chrono::seconds(60);
};

class ScriptEngine final : public LoadEngine, private LaneListener {
 public:
  // Unpacks the plan's files, starts a process there and waits until it is ready. INVALID_ARGUMENT
  // with what the process says against the locustfile; UNAVAILABLE when it dies; DEADLINE_EXCEEDED.
  static absl::StatusOr<std::unique_ptr<ScriptEngine>> Make(ScriptOrder order,
                                                            ScriptEngineOptions options,
                                                            const Clock* clock);
  // The same in a process that has loaded its locustfile, and that goes on after the run.
  static absl::StatusOr<std::unique_ptr<ScriptEngine>> Join(ScriptOrder order,
                                                            ScriptEngineOptions options,
                                                            std::shared_ptr<LaneProcess> process,
                                                            const Clock* clock);
  ~ScriptEngine() override;  // a process of its own is killed if it still runs
  ScriptEngine(const ScriptEngine&) = delete;
  ScriptEngine& operator=(const ScriptEngine&) = delete;

  // LoadEngine
  void Start(TimePoint at) override;
  void Reassign(const Handover& handover) override;
  void Change(const LoadChange& change) override;
  void Pause() override;
  void Resume() override;
  void Stop(const std::string& reason, bool immediate) override;
  bool finished() const override;
  std::string failure() const override;
  void Tell(const EngineNote& note) override;
  std::vector<EngineNote> TakeNotes() override;
  Snapshot TakeSnapshot() override;

 private:
  ScriptEngine(ScriptOrder order, ScriptEngineOptions options, const Clock* clock);
  absl::Status StartProcess();
  absl::Status Prepare();
  absl::Status WaitFor(std::string_view kind, std::string_view what);
  void Warn(std::string text);
  void Blocked(double seconds, const std::string& where);
  void KillUnlessHeard(Nanos elapsed);
  bool EndsNow(const Snapshot& snapshot) const;
  std::string WhyKilled(std::string_view what) const;

  // LaneListener
  void OnNote(const std::string& kind, const std::string& json) override;
  void OnSnapshot(const Snapshot& snapshot) override;
  void OnSilence(Nanos silence) override;
  void OnEnd(const LaneEnd& end) override;

  const ScriptOrder order_;
  const ScriptEngineOptions options_;
  const Clock* const clock_;

  mutable std::mutex mutex_;
  std::condition_variable heard_;
  std::string answer_;  // the kind of the last note that says how far it is; guarded by mutex_ …
  std::string refusal_;
  std::string failure_;  // … as all of these
  Snapshot newest_;
  std::vector<std::string> warnings_;
  std::map<std::string, double> blocked_;  // by place, the longest in seconds
  std::string last_place_;
  bool stopping_ = false;
  bool listeners_only_ = false;
  TimePoint kill_at_{};
  std::vector<EngineNote> notes_;  // for the coordinator
  size_t notes_bytes_ = 0;
  bool started_ = false;
  bool finished_ = false;

  std::unique_ptr<ScriptDirectory> directory_;
  std::unique_ptr<LaneProcess> own_process_;  // after the directory: ends first
  bool owns_process_ = false;                 // the same, known before the process can say a word
  std::shared_ptr<LaneProcess> joined_process_;
  LaneProcess* process_ = nullptr;
};

}  // namespace squall
