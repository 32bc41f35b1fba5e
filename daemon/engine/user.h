// One virtual user, as its shard handles it, and what it needs from its shard. Who it is and what
// it does is another's business: StepUser runs the steps of a plan, daemon/python the tasks of a
// locustfile. All of it on the shard's thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "daemon/base/clock.h"
#include "daemon/engine/program.h"
#include "daemon/engine/protocol.h"
#include "daemon/net/net_error.h"
#include "daemon/net/reactor.h"
#include "daemon/plan/value.h"
#include "daemon/stats/recorder.h"
#include "daemon/trace/span_recorder.h"

namespace squall {

// Owned by its Population. It tells its UserHost when its loop has ended, and is deleted later.
class User {
 public:
  virtual ~User() = default;

  // Starts the loop; it may run until the first thing it must wait for.
  virtual void Start() = 0;
  // Open model: run one task for the arrival that was due at `intended`. To an idle user, or to a
  // new one, which gets to it after its on_start.
  virtual void Dispatch(uint64_t arrival, TimePoint intended) = 0;
  // No further task; `finish_task` lets the current one run to its end, pauses included. Then comes
  // on_stop.
  virtual void RequestStop(bool finish_task) = 0;
  // Gives up whatever it waits for; the open request counts as unfinished.
  virtual void Abort() = 0;
  // After a pause of the run: a sleeping user looks again.
  virtual void Nudge() = 0;

  virtual uint64_t number() const = 0;
  virtual size_t class_index() const = 0;
  // It has told its host so.
  virtual bool ended() const = 0;
};

class UserHost {
 public:
  virtual ~UserHost() = default;
  virtual Reactor* reactor() = 0;
  virtual Recorder* recorder() = 0;
  virtual RequestTrace* trace() = 0;
  virtual SpanRecorder* spans() = 0;  // nullptr: nobody wants spans
  virtual const Program& program() const = 0;
  virtual RunPhase PhaseAt(TimePoint when) const = 0;
  virtual const Value* FindShared(std::string_view name) const = 0;
  virtual void SetShared(std::string_view name, Value value) = 0;
  virtual bool open_model() const = 0;
  virtual bool paused() const = 0;
  virtual bool once() const = 0;
  // Takes one iteration from the budget; false when it is used up.
  virtual bool TakeIteration() = 0;
  // The most users of the whole run; the step by which a user takes unique rows.
  virtual uint64_t peak_users() const = 0;
  virtual void CountIteration() = 0;
  // Open model: the user ended before it came to its arrival.
  virtual void CountDropped() = 0;
  virtual void CountOpenRequest(int change) = 0;
  virtual void CountExhaustion(const NetError& error) = 0;
  virtual void Log(std::string_view text) = 0;
  // Open model: the user has nothing to do and waits for Dispatch.
  virtual void OnIdle(User* user) = 0;
  // The user's loop has ended; the shard may delete it, but not before the current turn is over.
  virtual void OnEnded(User* user) = 0;
};

}  // namespace squall
