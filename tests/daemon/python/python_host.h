// A shard for one user made of a greenlet, on the loop of the test.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/base/check.h"
#include "daemon/engine/user.h"
#include "tests/daemon/python/embedded_python.h"

namespace squall {

class PythonHost final : public UserHost {
 public:
  explicit PythonHost(Reactor* reactor) : reactor_(reactor) {}

  Snapshot Recorded() {
    Snapshot snapshot;
    recorder_.Fill(&snapshot);
    return snapshot;
  }

  Reactor* reactor() override { return reactor_; }
  Recorder* recorder() override { return &recorder_; }
  RequestTrace* trace() override { return nullptr; }
  SpanRecorder* spans() override { return span_recorder; }
  const Program& program() const override {
    SQUALL_CHECK(false && "greenlets have no program");
    std::abort();
  }
  RunPhase PhaseAt(TimePoint) const override { return phase; }
  const Value* FindShared(std::string_view) const override { return nullptr; }
  void SetShared(std::string_view, Value) override {}
  bool open_model() const override { return false; }
  bool paused() const override { return is_paused; }
  bool once() const override { return false; }
  bool TakeIteration() override {
    const bool left = budget > 0;
    budget -= left ? 1 : 0;
    return left;
  }
  uint64_t peak_users() const override { return 1; }
  void CountIteration() override { ++iterations; }
  void CountDropped() override {}
  void CountOpenRequest(int change) override { open_requests += change; }
  void CountExhaustion(const NetError& error) override { exhausted.push_back(error); }
  void Log(std::string_view) override {}
  void OnIdle(User*) override {}
  void OnEnded(User* user) override { ended.push_back(user); }

  RunPhase phase = RunPhase::kMeasured;
  bool is_paused = false;
  uint64_t budget = UINT64_MAX;
  uint64_t iterations = 0;
  int open_requests = 0;
  std::vector<NetError> exhausted;
  SpanRecorder* span_recorder = nullptr;
  std::vector<User*> ended;

 private:
  Reactor* const reactor_;
  Recorder recorder_;
};

}  // namespace squall
