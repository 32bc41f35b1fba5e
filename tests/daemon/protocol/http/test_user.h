// A user without an engine: what an HTTP session needs of one, with everything it reports kept for
// the test to look at. Loop thread only.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "daemon/engine/protocol.h"
#include "daemon/engine/variables.h"

namespace squall {

class TestUser final : public UserContext {
 public:
  // `reactor` and `recorder` may be nullptr where only templates are rendered.
  explicit TestUser(Reactor* reactor = nullptr, Recorder* recorder = nullptr)
      : reactor_(reactor), recorder_(recorder) {}
  ~TestUser() override {
    if (reactor_ != nullptr) {
      reactor_->Forget(&waiter_);
    }
  }

  Reactor* reactor() const override { return reactor_; }
  Waiter* waiter() override { return &waiter_; }
  Recorder* recorder() const override { return recorder_; }
  RequestTrace* trace() const override { return request_trace; }
  SpanRecorder* spans() const override { return span_recorder; }
  std::optional<TimePoint> TakeIntendedStart() override {
    return std::exchange(intended_start, std::nullopt);
  }
  RunPhase PhaseAt(TimePoint) const override { return RunPhase::kMeasured; }
  void SetVariable(std::string_view name, Value value, VariableScope) override {
    variables.Set(name, std::move(value));
  }
  bool stopping() const override { return is_stopping; }
  Co<bool> Pause(Nanos span) override {
    ++pauses;
    const Wake wake = co_await reactor_->Suspend(&waiter_, reactor_->Fresh() + span);
    co_return wake == Wake::kDeadline && !is_stopping;
  }
  void ReportTaskError(std::string_view text) override { task_errors.emplace_back(text); }
  void CountOpenRequest(int change) override { open_requests += change; }
  void CountExhaustion(const NetError& error) override { exhaustions.push_back(error.kind); }

  const Value* Find(std::string_view name) const override { return variables.Find(name); }
  Rng& rng() const override { return rng_; }
  WallTime wall() const override { return WallTime{}; }
  uint64_t user_number() const override { return 7; }
  uint64_t iteration() const override { return 3; }
  std::string_view class_name() const override { return "Tester"; }

  Variables variables;
  RequestTrace* request_trace = nullptr;
  SpanRecorder* span_recorder = nullptr;
  std::optional<TimePoint> intended_start;
  bool is_stopping = false;
  int pauses = 0;
  int open_requests = 0;
  std::vector<std::string> task_errors;
  std::vector<NetError::Kind> exhaustions;

 private:
  Reactor* const reactor_;
  Recorder* const recorder_;
  Waiter waiter_;
  mutable Rng rng_{1};
};

}  // namespace squall
