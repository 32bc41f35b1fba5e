// A user that runs the steps of a plan: its loop of tasks and waits, its variables, its session.
// Lives and dies on the shard's thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "daemon/engine/program.h"
#include "daemon/engine/protocol.h"
#include "daemon/engine/user.h"
#include "daemon/engine/variables.h"

namespace squall {

class StepUser final : public User, public UserContext {
 public:
  StepUser(UserHost* host, uint64_t number, size_t class_index, uint64_t seed);
  ~StepUser() override;

  void set_session(std::unique_ptr<Session> session) { session_ = std::move(session); }
  // User
  void Start() override;
  void Dispatch(uint64_t arrival, TimePoint intended) override;
  void RequestStop(bool finish_task) override;
  void Abort() override;
  void Nudge() override;
  uint64_t number() const override { return number_; }
  size_t class_index() const override { return class_index_; }
  bool ended() const override { return ended_; }

  // UserContext
  Reactor* reactor() const override { return host_->reactor(); }
  Waiter* waiter() override { return &waiter_; }
  Recorder* recorder() const override { return host_->recorder(); }
  RequestTrace* trace() const override { return host_->trace(); }
  SpanRecorder* spans() const override { return host_->spans(); }
  std::optional<TimePoint> TakeIntendedStart() override;
  RunPhase PhaseAt(TimePoint when) const override { return host_->PhaseAt(when); }
  void SetVariable(std::string_view name, Value value, VariableScope scope) override;
  bool stopping() const override { return stop_now_; }
  Co<bool> Pause(Nanos span) override;
  void ReportTaskError(std::string_view text) override;
  void CountOpenRequest(int change) override { host_->CountOpenRequest(change); }
  void CountExhaustion(const NetError& error) override { host_->CountExhaustion(error); }

  // TemplateScope
  const Value* Find(std::string_view name) const override;
  Rng& rng() const override { return rng_; }
  WallTime wall() const override { return host_->reactor()->wall(); }
  uint64_t user_number() const override { return number_; }
  uint64_t iteration() const override { return iteration_; }
  std::string_view class_name() const override;

 private:
  enum class Flow : uint8_t { kNext, kEndTask, kStopUser };
  enum class Sleep : uint8_t { kInTask, kBetweenTasks };
  struct Arrival {
    uint64_t number = 0;
    TimePoint due{};
  };

  Co<void> Run();
  Co<void> RunOnce();
  Co<void> RunClosed();
  Co<void> RunOpen();
  Co<void> AwaitArrival();
  void CountIteration();
  Co<Flow> RunSteps(const ProgramSteps* steps);
  Co<Flow> RunIf(const IfOp* op);
  Co<Flow> RunLoop(const LoopOp* op);
  Flow RunSet(const SetOp& op);
  Flow RunPick(const PickOp& op);
  std::optional<size_t> NextRow(const PickOp& op, size_t rows);
  bool Holds(const IfOp& op);
  const Value* FindPath(std::string_view path) const;  // "name.member.0"
  const ProgramTask& ChooseTask();
  Co<bool> WaitForNextTask();
  // False when a stop came that ends this kind of sleep.
  Co<bool> SleepUntil(TimePoint when, Sleep sleep);
  Co<void> HoldWhilePaused();

  UserHost* const host_;
  const ProgramClass* const class_;
  const uint64_t number_;
  const uint32_t class_index_;
  mutable Rng rng_;
  Waiter waiter_;
  Variables variables_;
  std::vector<uint64_t> cursors_;  // rows taken, by data set
  std::unique_ptr<Session> session_;
  Co<void> loop_;
  TimePoint task_started_{};  // or its intended start, where there is a schedule
  std::optional<TimePoint> intended_;
  std::optional<Arrival> dispatched_;  // to run next
  std::optional<uint64_t> arrival_;    // the one whose task is running
  uint64_t iteration_ = 0;
  bool sleeping_ = false;
  bool stop_soon_ = false;  // after the current task
  bool stop_now_ = false;   // at the next step
  bool on_stop_ = false;
  bool ended_ = false;
};

}  // namespace squall
