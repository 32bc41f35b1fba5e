// The side of a locustfile that is about the whole run and not about users: its command line, its
// events on the coordinator, its shape and its exit code. Owns the process that does this. On a run
// on this machine alone the same process has the users as well (ScriptEngine::Join).
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "daemon/base/clock.h"
#include "daemon/plan/value.h"
#include "daemon/script/lane_process.h"
#include "daemon/script/script_description.h"
#include "daemon/stats/snapshot.h"

namespace squall {

enum class ScriptRole : uint8_t {
  kLocal,        // the users, too
  kCoordinator,  // they are on agents
};

struct ScriptConductorOptions {
  std::string program;  // squall-python
  ScriptRole role = ScriptRole::kLocal;
  std::vector<std::string> arguments;      // as typed, but for those that are ours
  std::string chosen;                      // what goes over them, a JSON object; "" = nothing
  std::vector<std::string> allow_targets;  // of users here
  std::string collector;                   // where its spans would go; "" = nowhere
  std::optional<uint64_t> memory_bytes_max;
};

// What the locustfile may ask of the run; from a thread of its own.
struct ScriptWishes {
  std::function<void(uint64_t users, double spawn_rate)> set_load;
  std::function<void(const std::string& reason)> stop;
  // A note for the locustfile's processes on agents; `agent` "": on all of them.
  std::function<void(const std::string& agent, const std::string& kind, const std::string& json)>
      tell_agents;
};

// An agent as Python code on the coordinator sees it.
struct ScriptWorker {
  std::string id;
  std::string_view state;
  uint64_t users = 0;
};

class ScriptConductor final : private LaneListener {
 public:
  static absl::StatusOr<std::unique_ptr<ScriptConductor>> Start(ScriptConductorOptions options,
                                                                const Clock* clock);
  ~ScriptConductor() override;
  ScriptConductor(const ScriptConductor&) = delete;
  ScriptConductor& operator=(const ScriptConductor&) = delete;

  // Waits until the locustfile has been loaded. When its process ends before (--help, --list, a
  // mistake in it; it has said so itself): the exit code. INTERNAL for a description that is none;
  // UNAVAILABLE when the process was killed.
  absl::StatusOr<std::optional<int>> WaitLoaded(ScriptDescription* description);
  // Ends the process; for an interrupt before the run.
  void Abandon();

  // From now on its wishes are passed on, until they are taken away with an empty one; a wish that
  // came before is granted at once.
  void Grant(ScriptWishes wishes);

  // The course of the run, for a coordinator's Python code. Any thread; no waiting.
  void TellStarted(uint64_t users);  // that the plan asks for; 0: its shape will
  void TellProgress(const Snapshot& merged, const std::vector<ScriptWorker>& workers);
  void TellStopping();
  void TellEnded(const Snapshot& total);
  // A note from the locustfile's process on an agent.
  void HearAgent(const std::string& agent, const std::string& kind, const std::string& json);

  // The last listeners run. The exit code: what they make of `proposed`.
  int Finish(int proposed);

  // Shared: an agent keeps the engine of a run until its next one.
  std::shared_ptr<LaneProcess> process() { return process_; }
  ScriptRole role() const { return options_.role; }
  // What is worth a line in the report; of a coordinator's process.
  std::vector<std::string> warnings() const;

 private:
  explicit ScriptConductor(ScriptConductorOptions options);
  void SendTotals(const Snapshot& merged);
  void TellSpawned(const Snapshot& merged);
  void TellStoppingLocked();
  void OnShape(const Value& shape);
  void Wish(std::function<void(const ScriptWishes&)> wish);

  // LaneListener
  void OnNote(const std::string& kind, const std::string& json) override;
  void OnEnd(const LaneEnd& end) override;

  const ScriptConductorOptions options_;

  mutable std::mutex mutex_;
  std::condition_variable heard_;
  std::optional<std::string> loaded_;  // guarded by mutex_, as those below
  std::optional<LaneEnd> end_;
  std::optional<int> exit_code_;  // of the last note that named one
  bool finishing_ = false;
  ScriptWishes wishes_;
  std::vector<std::function<void(const ScriptWishes&)>> early_;
  std::vector<std::string> warnings_;
  uint64_t wanted_users_ = 0;
  std::string allowed_classes_;  // of the shape, as JSON; "" = all
  bool stopping_told_ = false;

  // Of the thread that tells the course of the run.
  uint64_t spawned_ = 0;  // the last number of users that was told to be complete

  std::shared_ptr<LaneProcess> process_;  // its thread calls this object
};

}  // namespace squall
