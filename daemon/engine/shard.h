// One event loop with its own users, recorder and timers: an engine has one per core, and they
// share nothing but immutable data. The methods of the first group may be called from any thread;
// they post to the loop. Everything else runs on the loop's thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "daemon/engine/arrival_pump.h"
#include "daemon/engine/population.h"
#include "daemon/engine/program.h"
#include "daemon/engine/run_clock.h"
#include "daemon/engine/schedule.h"
#include "daemon/engine/thread_usage.h"
#include "daemon/engine/user.h"
#include "daemon/engine/user_director.h"
#include "daemon/engine/variables.h"
#include "daemon/net/reactor.h"
#include "daemon/net/resolver.h"
#include "daemon/plan/assignment.h"
#include "daemon/plan/handover.h"
#include "daemon/stats/recorder.h"
#include "daemon/trace/span_recorder.h"

namespace squall {

struct ShardOptions {
  uint32_t index = 0;
  uint32_t count = 1;
  uint64_t seed = 1;
  Assignment assignment;
  RecorderLimits recorder;
  RequestTrace* trace = nullptr;  // set only in a single pass
  SpanRecorder* spans = nullptr;  // of this loop alone; nullptr: nobody wants spans
  bool once = false;              // each task once, then the end
  // Loop thread: every user has ended and no more will come. Why: "profile finished", …
  std::function<void(std::string reason)> on_finished;
  // Loop thread: no more users start, and those that run are being sent away.
  std::function<void(const std::string& reason)> on_stopping;
  // Loop thread: the shard has nobody left, and nobody is to come by itself; or it has again. When
  // all are deserted, the run is over, but one alone cannot know that. `ended`: some ended of their
  // own accord; where all were only given to others, more may come.
  std::function<void(bool deserted, bool ended)> on_deserted;
  // Loop thread: a variable shared by all users changed; tell the other shards.
  std::function<void(std::string_view name, Value value)> on_shared;
  std::function<void(std::string_view text)> log;
  // After a stop, an open request may still end by itself for this long; then it counts as
  // unfinished. Long enough for a healthy target, short enough for a person at the keyboard.
  Nanos request_grace = std::chrono::seconds(2);
  // Set: the loop belongs to somebody else, who turns it on the thread that makes and ends the
  // shard. Otherwise the shard has a loop and a thread of its own.
  Reactor* reactor = nullptr;
};

class Shard final : private UserHost {
 public:
  static absl::StatusOr<std::unique_ptr<Shard>> Make(std::shared_ptr<const Program> program,
                                                     const Protocol* protocol, Resolver* resolver,
                                                     const Clock* clock, ShardOptions options);
  ~Shard() override;

  // Any thread.
  //
  // More than a second in the past: joins a run that goes on, and leaves out what was due before.
  void Start(TimePoint at);
  // See handover.h. Without `moving`, users that are new here start at `rate` per second of this
  // shard. In the open model the users stay, and arrivals go to others. What the lost agent had
  // left of a number of iterations is not made up for.
  void Reassign(Handover handover);
  void Change(const LoadChange& change);
  void Pause();
  void Resume();
  // Running tasks get the plan's stop_timeout to end, open requests a short grace on top, and then
  // count as unfinished. `immediate`: open requests are given up at once. A shard that was never
  // started finishes without a user.
  void Stop(std::string reason, bool immediate);
  void SetSharedFromOther(std::string name, Value value);
  // Adds this shard's figures to `snapshot` on the loop's thread, then calls `done` there.
  void Fill(Snapshot* snapshot, std::function<void()> done);
  // Loop thread: the same at once.
  void FillNow(Snapshot* snapshot);
  // Of that only what is no matter of requests, at a cost that does not grow with their names.
  void FillCounts(Snapshot* snapshot) const;
  // Loop thread, closed model: all the users have been started that the schedule wants, and it
  // wants no others until its end.
  bool Settled() const;
  // Ends what still runs and waits for the thread; afterwards nothing of the above may be called.
  // On somebody else's loop it does neither: the shard must have finished.
  void Join();

 private:
  Shard(std::shared_ptr<const Program> program, ShardOptions options,
        std::unique_ptr<Reactor> own_reactor);
  const Plan& plan() const { return *program_->plan; }

  // UserHost
  Reactor* reactor() override { return reactor_; }
  Recorder* recorder() override { return &recorder_; }
  RequestTrace* trace() override { return options_.trace; }
  SpanRecorder* spans() override { return options_.spans; }
  const Program& program() const override { return *program_; }
  RunPhase PhaseAt(TimePoint when) const override;
  const Value* FindShared(std::string_view name) const override { return shared_.Find(name); }
  void SetShared(std::string_view name, Value value) override;
  bool open_model() const override { return program_->profile.IsOpen(); }
  bool paused() const override { return clock_.paused(); }
  bool once() const override { return options_.once; }
  bool TakeIteration() override;
  uint64_t peak_users() const override { return peak_users_; }
  void CountIteration() override { ++iterations_; }
  void CountDropped() override { pump_->CountDropped(); }
  void CountOpenRequest(int change) override { open_requests_ += change; }
  void CountExhaustion(const NetError& error) override;
  void Log(std::string_view text) override;
  void OnIdle(User* user) override { pump_->AddIdle(user); }
  void OnEnded(User* user) override;

  void OnStart(TimePoint at);
  void OnReassign(Handover handover);
  Co<void> Conduct();
  Co<void> Heartbeat();
  void Finish();
  void BeginStop(std::string reason, bool immediate);
  bool FinishesTasks() const { return plan().stop_timeout > Nanos(0); }
  void Direct(TimePoint now);
  void DirectClosed(Nanos elapsed);
  void SetDeserted(bool deserted);
  TimePoint NextWakeUp(TimePoint now) const;
  bool BudgetSpent() const { return budget_.has_value() && *budget_ == 0; }
  Nanos Elapsed() const;
  uint64_t CountMine(uint64_t numbers) const;
  void ComputeBudget();
  void FillHealth(GeneratorHealth* health) const;
  void FillTargets(Snapshot* snapshot) const;

  const std::shared_ptr<const Program> program_;
  const ShardOptions options_;
  const std::unique_ptr<Reactor> own_reactor_;
  Reactor* const reactor_;
  Recorder recorder_;
  std::unique_ptr<ShardClient> client_;
  std::unique_ptr<Population> users_;
  Ownership ownership_;
  Schedule schedule_;
  RunClock clock_;
  Variables shared_;
  std::unique_ptr<ThreadUsageReader> usage_;

  std::unique_ptr<UserDirector> director_;  // closed model
  std::optional<uint64_t> budget_;          // closed model: iterations left
  bool deserted_ = false;
  std::unique_ptr<ArrivalPump> pump_;  // open model, but for a single pass

  bool stopping_ = false;
  bool finished_ = false;
  bool shut_down_ = false;
  std::string stop_reason_;
  Nanos stopped_elapsed_ = Nanos::max();
  TimePoint hurry_at_ = Reactor::kNever;  // running tasks end with their present step
  TimePoint abort_at_ = Reactor::kNever;  // open requests are given up
  uint64_t peak_users_ = 1;

  uint64_t iterations_ = 0;
  int64_t open_requests_ = 0;
  uint64_t fd_exhausted_ = 0;
  uint64_t ports_exhausted_ = 0;
  uint64_t memory_exhausted_ = 0;
  Histogram loop_lag_;
  ThreadUsage usage_at_start_;
  ThreadUsage usage_at_end_;
  TimePoint active_since_{};  // later than the run's start when the agent joined it
  TimePoint finished_at_{};
  TimePoint next_log_{};

  Waiter conductor_waiter_;
  Waiter heartbeat_waiter_;
  Co<void> conductor_;
  Co<void> heartbeat_;
  std::thread thread_;
};

}  // namespace squall
