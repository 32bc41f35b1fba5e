// What an agent asks of whatever runs its share of a plan: Engine, in this process, or an engine in
// another process that a locustfile has to itself (daemon/script).
#pragma once

#include <string>
#include <vector>

#include "daemon/base/clock.h"
#include "daemon/engine/schedule.h"
#include "daemon/plan/handover.h"
#include "daemon/stats/snapshot.h"

namespace squall {

// Something that Python code on one machine tells Python code on another.
struct EngineNote {
  std::string kind;
  std::string json;
};

// Made for one run and then thrown away; the destructor gives up what still runs. All methods may
// be called from any thread, one at a time, but not from the engine's own callbacks.
class LoadEngine {
 public:
  virtual ~LoadEngine() = default;

  // A second Start changes nothing. `at` may lie in the future.
  virtual void Start(TimePoint at) = 0;
  // See handover.h. Without `moving`, `rate` is of this engine alone: how fast users that are new
  // here start.
  virtual void Reassign(const Handover& handover) = 0;
  virtual void Change(const LoadChange& change) = 0;
  virtual void Pause() = 0;
  virtual void Resume() = 0;
  virtual void Stop(const std::string& reason, bool immediate) = 0;
  virtual bool finished() const = 0;
  // Why it cannot go on, though nobody stopped it; "" while all is well. Then `finished` is true.
  virtual std::string failure() const = 0;

  // Notes for its user code, and those that have come from there since the last call. Most engines
  // have nobody who would understand.
  virtual void Tell(const EngineNote& /*note*/) {}
  virtual std::vector<EngineNote> TakeNotes() { return {}; }

  // Everything but the identity (run, agent, epoch, sequence, state, times) is filled in.
  virtual Snapshot TakeSnapshot() = 0;
};

}  // namespace squall
