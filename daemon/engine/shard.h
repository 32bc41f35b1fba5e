// One event loop with its own users, recorder and timers: an engine has one per core, and they
// share nothing but immutable data. The methods of the first group may be called from any thread;
// they post to the loop. Everything else runs on the loop's thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "daemon/engine/program.h"
#include "daemon/engine/schedule.h"
#include "daemon/engine/thread_usage.h"
#include "daemon/engine/user.h"
#include "daemon/net/reactor.h"
#include "daemon/net/resolver.h"
#include "daemon/plan/assignment.h"
#include "daemon/stats/recorder.h"

namespace squall {

struct ShardOptions {
  uint32_t index = 0;
  uint32_t count = 1;
  uint64_t seed = 1;
  Assignment assignment;
  RecorderLimits recorder;
  RequestTrace* trace = nullptr;  // set only in a single pass
  bool once = false;              // each task once, then the end
  // Loop thread: every user has ended and no more will come. Why: "profile finished", …
  std::function<void(std::string reason)> on_finished;
  // Loop thread: a variable shared by all users changed; tell the other shards.
  std::function<void(std::string_view name, Value value)> on_shared;
  std::function<void(std::string_view text)> log;
};

class Shard final : private UserHost {
 public:
  static absl::StatusOr<std::unique_ptr<Shard>> Make(std::shared_ptr<const Program> program,
                                                     const Protocol* protocol, Resolver* resolver,
                                                     const Clock* clock, ShardOptions options);
  ~Shard() override;

  // Any thread.
  void Start(TimePoint at);
  // New ownership; users that move here start at `spawn_rate` per second (0: at once).
  void Reassign(Assignment assignment, double spawn_rate);
  void Change(const LoadChange& change);
  void Pause();
  void Resume();
  // `immediate`: open requests are given up at once.
  void Stop(std::string reason, bool immediate);
  void SetSharedFromOther(std::string name, Value value);
  // Adds this shard's figures to `snapshot` on the loop's thread, then calls `done` there.
  void Fill(Snapshot* snapshot, std::function<void()> done);
  // Ends what still runs and waits for the thread; afterwards nothing of the above may be called.
  void Join();

 private:
  Shard(std::shared_ptr<const Program> program, ShardOptions options,
        std::unique_ptr<Reactor> reactor);
  const Plan& plan() const { return *program_->plan; }

  // UserHost
  Reactor* reactor() override { return reactor_.get(); }
  Recorder* recorder() override { return &recorder_; }
  RequestTrace* trace() override { return options_.trace; }
  const Program& program() const override { return *program_; }
  RunPhase PhaseAt(TimePoint when) const override;
  const Value* FindShared(std::string_view name) const override { return shared_.Find(name); }
  void SetShared(std::string_view name, Value value) override;
  bool open_model() const override { return program_->profile.IsOpen(); }
  bool paused() const override { return paused_at_.has_value(); }
  bool once() const override { return options_.once; }
  bool TakeIteration() override;
  uint64_t peak_users() const override { return peak_users_; }
  void CountIteration() override { ++iterations_; }
  void CountOpenRequest(int change) override { open_requests_ += change; }
  void CountExhaustion(const NetError& error) override;
  void Log(std::string_view text) override;
  void OnIdle(User* user) override;
  void OnEnded(User* user) override;

  void OnStart(TimePoint at);
  Co<void> Conduct();
  Co<void> Pump();
  Co<void> Heartbeat();
  void BeginStop(std::string reason, bool immediate);
  void Direct(TimePoint now);
  void AdjustUsers(Nanos elapsed);
  void SpawnPending(TimePoint now);
  TimePoint NextWakeUp(Nanos elapsed) const;
  bool BudgetSpent() const { return budget_.has_value() && *budget_ == 0; }
  bool Mine(uint64_t number) const;
  void SpawnUser(uint64_t number, size_t class_index);
  void Leave(User* user, bool finish_task);
  void Reap();
  void DispatchArrival(uint64_t number, TimePoint due);
  Nanos Elapsed(TimePoint now) const;
  TimePoint InstantOf(Nanos elapsed) const { return started_at_ + elapsed + paused_total_; }
  void ComputeBudget();
  void FillNow(Snapshot* snapshot) const;

  const std::shared_ptr<const Program> program_;
  const ShardOptions options_;
  const std::unique_ptr<Reactor> reactor_;
  Recorder recorder_;
  std::unique_ptr<ShardClient> client_;
  Assignment assignment_;
  Schedule schedule_;
  std::optional<ArrivalClock> arrivals_;
  std::optional<ArrivalClock::Due> next_arrival_;  // taken from arrivals_, not yet handed out
  Variables shared_;
  std::unique_ptr<ThreadUsageReader> usage_;

  std::map<uint64_t, std::unique_ptr<User>> users_;  // by number
  std::unordered_map<User*, std::unique_ptr<User>> leaving_;
  std::vector<User*> ended_;
  std::vector<uint64_t> pending_;  // numbers that a reassignment gave us, last first
  double pending_rate_ = 0;
  TimePoint pending_next_{};
  uint64_t spawned_until_ = 0;            // numbers below have been looked at
  std::vector<std::vector<User*>> idle_;  // open model, by class
  std::vector<uint64_t> users_by_class_;
  uint64_t next_open_user_ = 0;

  bool started_ = false;
  bool stopping_ = false;
  bool finished_ = false;
  bool shut_down_ = false;
  std::string stop_reason_;
  TimePoint started_at_{};
  std::optional<TimePoint> paused_at_;
  Nanos paused_total_{0};
  TimePoint abort_at_ = Reactor::kNever;
  std::optional<uint64_t> budget_;
  uint64_t peak_users_ = 1;
  uint64_t users_max_ = 0;  // open model: this shard's share

  uint64_t users_started_ = 0;
  uint64_t users_stopped_ = 0;
  uint64_t iterations_ = 0;
  uint64_t arrivals_planned_ = 0;
  uint64_t dropped_ = 0;
  int64_t open_requests_ = 0;
  uint64_t fd_exhausted_ = 0;
  uint64_t ports_exhausted_ = 0;
  uint64_t memory_exhausted_ = 0;
  Histogram loop_lag_;
  ThreadUsage usage_at_start_;
  ThreadUsage usage_at_end_;
  Nanos finished_elapsed_{0};
  TimePoint last_log_{};

  Waiter conductor_waiter_;
  Waiter pump_waiter_;
  Waiter heartbeat_waiter_;
  Co<void> conductor_;
  Co<void> pump_;
  Co<void> heartbeat_;
  std::thread thread_;
};

}  // namespace squall
