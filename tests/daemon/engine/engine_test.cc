#include "daemon/engine/engine.h"

#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/daemon/engine/engine_fixture.h"

namespace squall {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Texts = std::vector<std::string>;

class EngineTest : public EngineFixture {
 protected:
  Plan Working(LoadProfile load = Constant(4)) {
    Plan plan = PlanOf({Request("work")}, std::move(load));
    plan.users[0].wait_time = WaitConstant(milliseconds(10));
    return plan;
  }
};

TEST_F(EngineTest, DoesNothingBeforeItsStart) {
  Make(Working(), 2);
  Pass(milliseconds(50));
  const Snapshot snapshot = Merged();
  EXPECT_EQ(snapshot.UserCount(), 0u);
  EXPECT_EQ(snapshot.elapsed, Nanos(0));
  EXPECT_EQ(snapshot.health.shards, 2u);
  EXPECT_EQ(protocol.Count(), 0u);
  EXPECT_FALSE(engines[0]->finished());
}

TEST_F(EngineTest, StartsAtTheInstantThatItWasToldAndOnlyOnce) {
  Make(Working(), 2);
  Start(seconds(1));
  Pass(milliseconds(990));
  EXPECT_EQ(protocol.Count(), 0u);
  EXPECT_EQ(Merged().elapsed, Nanos(0));
  engines[0]->Start(clock.Now() + seconds(100));
  Pass(milliseconds(20));
  EXPECT_EQ(protocol.Count(), 4u);
  EXPECT_EQ(protocol.Events().front().at, Nanos(0));
  EXPECT_EQ(Merged().elapsed, milliseconds(10));
}

TEST_F(EngineTest, RefusesAPlanThatCannotRun) {
  const auto made =
      Engine::Make(std::make_shared<Plan>(PlanOf({Request("refused")})), &protocol, &clock, {});
  EXPECT_EQ(made.status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(EngineTest, PassesOnThatAShardCouldNotBeMade) {
  protocol.client_fails = true;
  EngineOptions options;
  options.shards = 3;
  const auto made = Engine::Make(std::make_shared<Plan>(Working()), &protocol, &clock, options);
  EXPECT_EQ(made.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(made.status().message(), "no client for you");
}

// ---- the end ------------------------------------------------------------------------------

TEST_F(EngineTest, TellsItsEndOnceWithTheReason) {
  Make(Working(Constant(4, 100, milliseconds(200))), 3);
  Start();
  ASSERT_TRUE(PassUntilFinished(seconds(1)));
  Pass(milliseconds(100));
  EXPECT_EQ(Reasons(), Texts{"profile finished"});
  const Snapshot snapshot = Merged();
  EXPECT_EQ(snapshot.stop_reason, "profile finished");
  EXPECT_EQ(snapshot.users_started, 4u);
  EXPECT_EQ(snapshot.users_stopped, 4u);
  EXPECT_EQ(snapshot.target_users, 0u);
  const Nanos elapsed = snapshot.elapsed;
  Pass(seconds(1), milliseconds(100));
  EXPECT_EQ(Merged().elapsed, elapsed) << "a finished run grows no older";
}

TEST_F(EngineTest, AStopBeforeTheStartIsTheEnd) {
  Make(Working(), 2);
  engines[0]->Stop("cancelled", /*immediate=*/false);
  Settle();
  EXPECT_TRUE(engines[0]->finished());
  EXPECT_EQ(Reasons(), Texts{"cancelled"});
  engines[0]->Start(clock.Now());
  Pass(milliseconds(50));
  EXPECT_EQ(protocol.Count(), 0u);
  EXPECT_EQ(Reasons(), Texts{"cancelled"});
}

TEST_F(EngineTest, AStopBeforeAStartThatIsStillToComeIsTheEnd) {
  for (const bool open : {false, true}) {
    engines.clear();
    reasons.clear();
    Make(Working(open ? ArrivalsAt(100, seconds(10)) : Constant(4)), 2);
    Start(seconds(5));
    engines[0]->Stop("cancelled", /*immediate=*/false);
    Settle();
    EXPECT_TRUE(engines[0]->finished());
    Pass(seconds(6), seconds(1));
    EXPECT_EQ(protocol.Count(), 0u);
    EXPECT_EQ(Merged().arrivals_planned, 0u);
    EXPECT_EQ(Reasons(), Texts{"cancelled"});
  }
}

TEST_F(EngineTest, MayBeStoppedAgainWhenItHasEnded) {
  Make(Working());
  Start();
  Pass(milliseconds(20));
  engines[0]->Stop("one", /*immediate=*/true);
  Settle();
  engines[0]->Stop("two", /*immediate=*/true);
  engines[0]->Stop("three", /*immediate=*/false);
  Settle();
  EXPECT_EQ(Reasons(), Texts{"one"});
}

// ---- destruction, which must not wait and must not tell -----------------------------------

TEST_F(EngineTest, CanBeDestroyedBeforeItsStart) {
  Make(Working(), 2);
  engines.clear();
  EXPECT_TRUE(Reasons().empty());
}

TEST_F(EngineTest, CanBeDestroyedBeforeAStartThatIsStillToCome) {
  Make(Working(), 2);
  Start(seconds(100));
  engines.clear();
  EXPECT_TRUE(Reasons().empty());
}

TEST_F(EngineTest, CanBeDestroyedWhileRequestsHang) {
  protocol.replies["work"] = {FakeReply::kNever};
  Plan plan = Working(Constant(20));
  plan.stop_timeout = seconds(3600);
  Make(plan, 3);
  Start();
  Pass(milliseconds(10));
  EXPECT_EQ(protocol.open_sessions(), 20);
  engines.clear();
  EXPECT_EQ(protocol.open_sessions(), 0);
  EXPECT_TRUE(Reasons().empty());
}

TEST_F(EngineTest, CanBeDestroyedInTheOpenModel) {
  protocol.replies["work"] = {milliseconds(15)};
  Make(Working(ArrivalsAt(1'000, seconds(100))), 2);
  Start();
  Pass(milliseconds(50));
  engines.clear();
  EXPECT_EQ(protocol.open_sessions(), 0);
}

TEST_F(EngineTest, CanBeDestroyedWhilePausedStoppingOrFinished) {
  Make(Working())->Pause();
  Make(Working(Constant(4, 100, milliseconds(30))));
  protocol.replies["work"] = {FakeReply::kNever};
  Plan hanging = Working();
  hanging.stop_timeout = seconds(100);
  Make(hanging);
  Start();
  engines[2]->Stop("stopped", /*immediate=*/false);
  Pass(milliseconds(100));
  EXPECT_TRUE(engines[1]->finished());
  EXPECT_FALSE(engines[2]->finished());
  engines.clear();
  EXPECT_EQ(Reasons(), Texts{"profile finished"});
}

TEST_F(EngineTest, CanBeDestroyedWhileSharedVariablesFly) {
  for (int round = 0; round < 5; ++round) {
    Plan plan =
        PlanOf({Set("token", "{{uuid()}}", VariableScope::kShared), Request("work")}, Constant(40));
    Make(plan, 4);
    Start();
    Pass(milliseconds(5), milliseconds(1));
    engines.clear();
  }
}

// ---- snapshots ----------------------------------------------------------------------------

TEST_F(EngineTest, SnapshotsOnlyGrow) {
  protocol.replies["bad"] = {milliseconds(1), false};
  Plan plan = Working(Constant(6, 100, milliseconds(400)));
  plan.users[0].tasks.push_back(TaskOf("fail", {Request("bad")}));
  Make(plan, 3);
  Start();
  Snapshot before = Merged();
  while (!engines[0]->finished()) {
    Pass(milliseconds(10));
    const Snapshot now = Merged();
    EXPECT_GE(now.elapsed, before.elapsed);
    EXPECT_GE(now.iterations, before.iterations);
    EXPECT_GE(now.users_started, before.users_started);
    EXPECT_GE(now.users_stopped, before.users_stopped);
    EXPECT_GE(now.Total().requests, before.Total().requests);
    EXPECT_GE(now.Total().failures, before.Total().failures);
    EXPECT_GE(now.health.loop_lag.count(), before.health.loop_lag.count());
    EXPECT_GE(now.health.thread_seconds, before.health.thread_seconds);
    EXPECT_EQ(now.users_started - now.users_stopped >= now.UserCount(), true);
    before = now;
  }
  EXPECT_EQ(before.Total().requests, protocol.Count());
  EXPECT_EQ(before.Total().failures, protocol.Count("bad"));
  EXPECT_EQ(before.iterations, protocol.Count());
}

TEST_F(EngineTest, HealthNamesTheGeneratorsOwnLimits) {
  protocol.replies["fds"].exhaustion = NetError::Kind::kDescriptors;
  protocol.replies["ports"].exhaustion = NetError::Kind::kPorts;
  protocol.replies["memory"].exhaustion = NetError::Kind::kMemory;
  Plan plan =
      PlanOf({Request("fds"), Request("ports"), Request("ports"), Request("memory")}, Constant(2));
  plan.users[0].wait_time = WaitConstant(seconds(10));
  Make(plan, 2);
  Start();
  Pass(milliseconds(10));
  const GeneratorHealth health = Merged().health;
  EXPECT_EQ(health.fd_exhausted, 2u);
  EXPECT_EQ(health.ports_exhausted, 4u);
  EXPECT_EQ(health.memory_exhausted, 2u);
  EXPECT_GT(health.fd_limit, 0u);
  EXPECT_GT(health.rss_bytes, 0u);
}

TEST_F(EngineTest, AnIdleLoopKnowsItsLag) {
  Make(Working(Constant(1)));
  Start();
  Pass(milliseconds(400), milliseconds(1));
  EXPECT_GE(Merged().health.loop_lag.count(), 20u);
  EXPECT_LT(Merged().health.loop_lag.Percentile(1), milliseconds(1));
  Pass(milliseconds(500), milliseconds(500));  // as if the thread had not run for that long
  EXPECT_GE(Merged().health.loop_lag.Percentile(1), milliseconds(450));
}

// ---- a single pass ------------------------------------------------------------------------

struct Trace final : RequestTrace {
  void OnExchange(const Exchange&) override {}
  void OnCheck(std::string_view, std::string_view, bool) override {}
  void OnText(std::string_view text) override { lines.emplace_back(text); }
  Texts lines;  // read when the run is over
};

TEST_F(EngineTest, ASinglePassRunsEveryTaskOfEveryClassOnce) {
  for (const bool open : {false, true}) {
    SCOPED_TRACE(open);
    engines.clear();
    reasons.clear();
    const size_t before = protocol.Count();
    Trace trace;
    Plan plan = Working(open ? ArrivalsAt(100, seconds(1)) : Constant(50));
    plan.users = {ClassOf("A", {TaskOf("a1", {Request("a1")}), TaskOf("a2", {Log("hello")})}),
                  ClassOf("B", {TaskOf("b1", {Request("b1")})}, 0.001)};
    EngineOptions options;
    options.assignment = Everything();
    options.once = true;
    options.trace = &trace;
    Make(plan, options);
    Start();
    ASSERT_TRUE(PassUntilFinished(seconds(1)));
    EXPECT_EQ(Reasons(), Texts{"single pass finished"});
    EXPECT_EQ(protocol.Count() - before, 2u);
    EXPECT_EQ(Merged().iterations, 3u);
    EXPECT_EQ(Merged().arrivals_planned, 0u);
    std::sort(trace.lines.begin(), trace.lines.end());
    EXPECT_EQ(trace.lines, (Texts{"hello", "task A.a1", "task A.a2", "task B.b1"}));
  }
}

TEST_F(EngineTest, LogStepsReachTheLogOnceASecond) {
  Texts lines;
  EngineOptions options;
  options.assignment = Everything();
  options.log = [this, &lines](std::string_view text) {
    const std::lock_guard<std::mutex> lock(mutex);
    lines.emplace_back(text);
  };
  Plan plan = PlanOf({Log("iteration {{iteration()}}"), Request("work")}, Constant(1));
  plan.users[0].wait_time = Wait(WaitTime::Kind::kConstantPacing, milliseconds(100));
  Make(plan, options);
  Start();
  Pass(milliseconds(2'500));
  engines.clear();
  EXPECT_EQ(lines, (Texts{"iteration 0", "iteration 10", "iteration 20"}));
}

}  // namespace
}  // namespace squall
