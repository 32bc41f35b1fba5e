// Real engines with real threads, in time that moves only when told to. Taking a snapshot makes
// every loop turn once, which is how a test waits for them: nothing here depends on how fast the
// machine is.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "daemon/engine/engine.h"
#include "tests/daemon/engine/fake_protocol.h"
#include "tests/daemon/engine/plan_builder.h"

namespace squall {

class EngineFixture : public testing::Test {
 protected:
  static Assignment Everything() { return {0, {{0, 1}}}; }

  Engine* Make(Plan plan, uint32_t shards = 1, Assignment assignment = Everything()) {
    EngineOptions options;
    options.shards = shards;
    options.assignment = std::move(assignment);
    return Make(std::move(plan), std::move(options));
  }
  Engine* Make(Plan plan, EngineOptions options) {
    options.seed = 42;
    options.on_finished = [this](std::string reason) {
      const std::lock_guard<std::mutex> lock(mutex);
      reasons.push_back(std::move(reason));
    };
    auto made = Engine::Make(std::make_shared<Plan>(std::move(plan)), &protocol, &clock,
                             std::move(options));
    EXPECT_TRUE(made.ok()) << made.status();
    engines.push_back(*std::move(made));
    return engines.back().get();
  }
  // All engines, `after` from now.
  void Start(Nanos after = Nanos(0)) {
    protocol.origin = clock.Now() + after;
    for (const auto& engine : engines) {
      engine->Start(protocol.origin);
    }
    Settle();
  }

  // Every loop turns a few times: enough for a chain of wake-ups to run to its end.
  void Settle() {
    for (int i = 0; i < 5; ++i) {
      for (const auto& engine : engines) {
        engine->TakeSnapshot();
      }
    }
  }
  void Pass(Nanos span, Nanos step = std::chrono::milliseconds(10)) {
    Settle();  // what was asked for before is asked at the old time
    for (Nanos passed{0}; passed < span; passed += step) {
      clock.Advance(std::min(step, span - passed));
      Settle();
    }
  }
  bool PassUntilFinished(Nanos limit, Nanos step = std::chrono::milliseconds(10)) {
    const auto all_finished = [this] {
      return std::all_of(engines.begin(), engines.end(),
                         [](const auto& engine) { return engine->finished(); });
    };
    for (Nanos passed{0}; passed < limit && !all_finished(); passed += step) {
      Pass(step, step);
    }
    return all_finished();
  }

  // Of all engines together.
  Snapshot Merged() {
    std::vector<Snapshot> snapshots;
    for (const auto& engine : engines) {
      snapshots.push_back(engine->TakeSnapshot());
    }
    std::vector<const Snapshot*> pointers;
    for (const Snapshot& snapshot : snapshots) {
      pointers.push_back(&snapshot);
    }
    return MergeSnapshots(pointers);
  }
  uint64_t Users() { return Merged().UserCount(); }
  std::vector<std::string> Reasons() {
    const std::lock_guard<std::mutex> lock(mutex);
    return reasons;
  }
  // How many requests each user sent.
  std::map<uint64_t, size_t> RequestsByUser(const std::string& request = "") const {
    std::map<uint64_t, size_t> counts;
    for (const FakeEvent& event : protocol.Events(request)) {
      ++counts[event.user];
    }
    return counts;
  }

  ManualClock clock;
  FakeProtocol protocol;
  std::mutex mutex;
  std::vector<std::string> reasons;  // guarded by mutex
  std::vector<std::unique_ptr<Engine>> engines;
};

}  // namespace squall
