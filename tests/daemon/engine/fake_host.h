// A shard for users under test: on the test's own thread, in time that moves only when told to.
#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "daemon/base/check.h"
#include "daemon/engine/user.h"
#include "daemon/engine/variables.h"
#include "tests/daemon/engine/fake_protocol.h"
#include "tests/daemon/net/manual_loop.h"

namespace squall {

class FakeHost final : public UserHost, public RequestTrace {
 public:
  // Users refer to the host: they must be gone before it.
  FakeHost(Plan plan, FakeProtocol* protocol) {
    auto compiled = CompileProgram(std::make_shared<Plan>(std::move(plan)), *protocol);
    SQUALL_CHECK(compiled.ok());
    program_ = *std::move(compiled);
    protocol->origin = loop.clock().Now();
    client = *protocol->MakeShardClient(program_->plan, reactor(), nullptr, &recorder_);
    loop.Turn();
  }

  // Lets `span` pass, in steps of a millisecond, and every chain of wake-ups run to its end.
  void Pass(Nanos span) {
    for (Nanos passed{0}; passed < span; passed += std::chrono::milliseconds(1)) {
      loop.Turn(std::chrono::milliseconds(1));
      Settle();
    }
  }
  void Settle() {
    for (int i = 0; i < 4; ++i) {
      loop.Turn();
    }
  }
  Snapshot Recorded() {
    Snapshot snapshot;
    recorder_.Fill(&snapshot);
    return snapshot;
  }

  // UserHost
  Reactor* reactor() override { return loop.reactor(); }
  Recorder* recorder() override { return &recorder_; }
  RequestTrace* trace() override { return traced ? this : nullptr; }
  SpanRecorder* spans() override { return nullptr; }
  const Program& program() const override { return *program_; }
  RunPhase PhaseAt(TimePoint) const override { return RunPhase::kMeasured; }
  const Value* FindShared(std::string_view name) const override { return shared.Find(name); }
  void SetShared(std::string_view name, Value value) override {
    shared.Set(name, std::move(value));
  }
  bool open_model() const override { return is_open; }
  bool paused() const override { return is_paused; }
  bool once() const override { return is_once; }
  bool TakeIteration() override {
    if (budget == 0) {
      return false;
    }
    --budget;
    return true;
  }
  uint64_t peak_users() const override { return peak; }
  void CountIteration() override { ++iterations; }
  void CountDropped() override { ++dropped; }
  void CountOpenRequest(int change) override { open_requests += change; }
  void CountExhaustion(const NetError&) override {}
  void Log(std::string_view text) override { lines.emplace_back(text); }
  void OnIdle(User* user) override { idle.push_back(user); }
  void OnEnded(User* user) override { ended.push_back(user); }

  // RequestTrace
  void OnExchange(const Exchange&) override {}
  void OnCheck(std::string_view, std::string_view, bool) override {}
  void OnText(std::string_view text) override { lines.emplace_back(text); }

  ManualLoop loop;
  std::unique_ptr<ShardClient> client;
  Variables shared;
  bool is_open = false;
  bool is_paused = false;
  bool is_once = false;
  bool traced = false;
  uint64_t budget = UINT64_MAX;
  uint64_t peak = 10;
  uint64_t iterations = 0;
  uint64_t dropped = 0;
  int open_requests = 0;
  std::vector<std::string> lines;
  std::vector<User*> idle;
  std::vector<User*> ended;

 private:
  Recorder recorder_;
  std::shared_ptr<const Program> program_;
};

}  // namespace squall
