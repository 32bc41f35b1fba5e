// The users of a locustfile on one shard of the engine, whose loop is the interpreter's.
// Interpreter's thread, GIL held.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <absl/status/status.h>

#include "daemon/base/clock.h"
#include "daemon/engine/shard.h"
#include "daemon/plan/assignment.h"
#include "daemon/plan/class_mix.h"
#include "daemon/plan/load_change.h"
#include "daemon/plan/plan.h"
#include "daemon/plan/run_settings.h"
#include "daemon/python/lane_context.h"
#include "daemon/stats/snapshot.h"
#include "daemon/trace/span_export.h"

namespace squall {

// What the engine needs to know of a user class.
struct UserKind {
  std::string name;
  double weight = 1;
  uint64_t fixed_count = 0;  // 0: by weight
};

class LaneEngine final {
 public:
  // Called in a turn of the loop.
  struct Callbacks {
    std::function<void(const std::string& reason)> on_stopping;
    std::function<void(const std::string& reason)> on_finished;
  };
  // `lane` and `clock` outlive it.
  LaneEngine(LaneContext* lane, const Clock* clock, Callbacks callbacks);
  ~LaneEngine();  // no user may be left
  LaneEngine(const LaneEngine&) = delete;
  LaneEngine& operator=(const LaneEngine&) = delete;

  void set_kinds(std::vector<UserKind> kinds) { kinds_ = std::move(kinds); }
  // Called with a UserHandle for each user, gives its greenlet. Takes the reference.
  void set_spawner(_object* spawner);
  // New users are of these classes alone; empty: of all.
  void AllowOnly(const std::vector<std::string>& names);
  const std::vector<UserKind>& kinds() const { return kinds_; }

  // Replaces a run that is over. INVALID_ARGUMENT for a plan that cannot run. `spans` takes spans
  // of its requests; nullptr: there are none.
  absl::Status Prepare(Plan plan, Assignment assignment, const RunSettings& settings,
                       std::unique_ptr<SpanExport> spans = nullptr);
  void Start(TimePoint at);
  void Reassign(const Handover& handover);
  void Change(const LoadChange& change);
  void Pause();
  void Resume();
  void Stop(const std::string& reason, bool immediate);
  // The code that follows the run has seen its end: the state is "finished" from now on. Spans that
  // are left are sent first, for seconds at most.
  void ReportFinished();

  bool prepared() const { return shard_ != nullptr; }
  bool finished() const { return finished_; }
  // Nobody is there to come or to go: the users are those that are wanted.
  bool Settled() const;
  RunState state() const;
  Nanos Elapsed() const;
  // Everything up to now; the identity is somebody else's.
  Snapshot TakeSnapshot();
  // Only users and what else costs little.
  Snapshot TakeCounts() const;
  // Only requests, failures and the like, which is cheaper. Also outside of a run.
  Snapshot TakeStatistics();

 private:
  class Client;
  class GreenletProtocol;
  void OnDeserted(bool deserted, bool ended);

  LaneContext* const lane_;
  const Clock* const clock_;
  const Callbacks callbacks_;
  std::vector<UserKind> kinds_;
  _object* spawner_ = nullptr;
  std::vector<size_t> allowed_;          // indices of kinds_; empty: all
  std::optional<ClassMix> allowed_mix_;  // of those
  std::unique_ptr<GreenletProtocol> protocol_;
  Resolver resolver_;  // for the shard, which has no use for it
  std::unique_ptr<SpanExport> spans_;
  std::unique_ptr<Shard> shard_;
  std::optional<TimePoint> started_at_;
  double cpu_at_start_ = 0;
  std::string stop_reason_;
  bool paused_ = false;
  bool stopping_ = false;
  bool finished_ = false;
  bool reported_ = false;
};

}  // namespace squall
