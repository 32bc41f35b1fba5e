#include "daemon/engine/shard.h"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/daemon/engine/engine_fixture.h"

namespace squall {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Texts = std::vector<std::string>;

// ---- closed model -------------------------------------------------------------------------

class ClosedModelTest : public EngineFixture {
 protected:
  Plan Waiting(LoadProfile load, Nanos wait = milliseconds(100)) {
    Plan plan = PlanOf({Request("work")}, std::move(load));
    plan.users[0].wait_time = WaitConstant(wait);
    return plan;
  }
};

TEST_F(ClosedModelTest, UsersFollowTheProfileOverAllShards) {
  const LoadProfile load = Stages({{seconds(2), 10, 5}, {seconds(2), 3, 10}, {seconds(1), 6, 100}});
  Make(Waiting(load), /*shards=*/3);
  const Profile profile = *Profile::Make(load);
  Start();
  for (Nanos at{0}; at < seconds(5); at += milliseconds(50)) {
    const Snapshot snapshot = Merged();
    EXPECT_EQ(snapshot.UserCount(), profile.UsersAt(at)) << at.count();
    EXPECT_EQ(snapshot.target_users, profile.UsersAt(at)) << at.count();
    EXPECT_EQ(snapshot.elapsed, at);
    Pass(milliseconds(50), milliseconds(50));
  }
  ASSERT_TRUE(PassUntilFinished(seconds(5)));
  EXPECT_EQ(Reasons(), Texts{"profile finished"});
  EXPECT_EQ(Users(), 0u);
  EXPECT_EQ(protocol.open_sessions(), 0);
}

TEST_F(ClosedModelTest, TwoAgentsShareTheUsersWithoutAWord) {
  Make(Waiting(Constant(7)), 2, MakeAssignment(0, 2, 0));
  Make(Waiting(Constant(7)), 1, MakeAssignment(1, 2, 0));
  Start();
  Pass(milliseconds(50));
  EXPECT_EQ(engines[0]->TakeSnapshot().UserCount(), 4u);
  EXPECT_EQ(engines[0]->TakeSnapshot().target_users, 4u);
  EXPECT_EQ(engines[1]->TakeSnapshot().UserCount(), 3u);
  std::set<uint64_t> numbers;
  for (const auto& [user, count] : RequestsByUser()) {
    numbers.insert(user);
  }
  EXPECT_EQ(numbers, (std::set<uint64_t>{0, 1, 2, 3, 4, 5, 6}));
}

TEST_F(ClosedModelTest, ClassesMixByTheirWeights) {
  Plan plan = Waiting(Constant(40));
  plan.users = {ClassOf("Many", {TaskOf("t", {Request("a")})}, 3),
                ClassOf("Few", {TaskOf("t", {Request("b")})}, 1),
                ClassOf("Admin", {TaskOf("t", {Request("c")})})};
  plan.users[2].fixed_count = 4;
  Make(plan, 2);
  Start();
  Pass(milliseconds(10));
  const Snapshot snapshot = Merged();
  EXPECT_EQ(snapshot.users.at("Many"), 27u);
  EXPECT_EQ(snapshot.users.at("Few"), 9u);
  EXPECT_EQ(snapshot.users.at("Admin"), 4u);
}

TEST_F(ClosedModelTest, ManyUsersAtOnceStartInSeveralTurns) {
  Make(Waiting(Constant(2'000)));
  Start();
  Pass(milliseconds(10), milliseconds(1));
  EXPECT_EQ(Users(), 2'000u);
}

TEST_F(ClosedModelTest, IterationsAreExactOverShardsAndAgents) {
  for (const uint64_t iterations : {1, 7, 100, 101}) {
    SCOPED_TRACE(iterations);
    engines.clear();
    reasons.clear();
    const size_t before = protocol.Count();
    LoadProfile load = Constant(5);
    load.iterations = iterations;
    Make(Waiting(load, Nanos(0)), 3, MakeAssignment(0, 2, 0));
    Make(Waiting(load, Nanos(0)), 2, MakeAssignment(1, 2, 0));
    Start();
    ASSERT_TRUE(PassUntilFinished(seconds(10)));
    EXPECT_EQ(protocol.Count() - before, iterations);
    EXPECT_EQ(Merged().iterations, iterations);
    EXPECT_EQ(Reasons(), (Texts{"iterations finished", "iterations finished"}));
  }
}

TEST_F(ClosedModelTest, TheLastIterationIsNotWaitedAfter) {
  LoadProfile load = Constant(3);
  load.iterations = 4;
  Make(Waiting(load, seconds(3600)));
  Start();
  // The fourth would come after an hour, were it not that one of the others may take it; nobody
  // may. What counts is that the run ends as soon as it can.
  Pass(milliseconds(100));
  EXPECT_FALSE(engines[0]->finished());
  clock.Advance(seconds(3600));
  Settle();
  Pass(milliseconds(20));
  EXPECT_TRUE(engines[0]->finished());
  EXPECT_EQ(protocol.Count(), 4u);
}

TEST_F(ClosedModelTest, TheRunEndsWhenEveryUserHasEnded) {
  Plan plan =
      PlanOf({Pick("rows", "row", PickOrder::kUnique), Request("work", "{{row}}")}, Constant(3));
  plan.test_data = {Data("rows", {0, 1, 2, 3, 4, 5, 6, 7}, DataSet::OnEnd::kStopUser)};
  Make(plan, /*shards=*/4);  // one of them has nobody from the beginning
  Start();
  ASSERT_TRUE(PassUntilFinished(seconds(1)));
  EXPECT_EQ(Reasons(), Texts{"every user has ended"});
  std::multiset<std::string> rows;
  for (const FakeEvent& event : protocol.Events()) {
    rows.insert(event.text);
  }
  EXPECT_EQ(rows, (std::multiset<std::string>{"0", "1", "2", "3", "4", "5", "6", "7"}));
}

TEST_F(ClosedModelTest, AUserThatNeverWaitsLeavesRoomForTheOthers) {
  protocol.replies["instant"] = {Nanos(0)};
  Plan plan = PlanOf({}, Constant(4));
  plan.users = {ClassOf("Spinner", {TaskOf("spin", {Loop(1'000'000'000, {Request("instant")})})}),
                ClassOf("Worker", {TaskOf("work", {Request("work")})})};
  Make(plan);
  Start();
  Pass(milliseconds(20), milliseconds(1));
  const size_t work = protocol.Count("work");
  EXPECT_GE(work, 40u) << "two workers, a request a millisecond each";
  engines.clear();  // and the spinners let themselves be stopped
}

// ---- reassignment, live changes, pauses ----------------------------------------------------

TEST_F(ClosedModelTest, ReassignMovesOnlyTheUsersOfTheLostClass) {
  Make(Waiting(Constant(12), milliseconds(20)), 2, MakeAssignment(0, 3, 1));
  Make(Waiting(Constant(12), milliseconds(20)), 1, MakeAssignment(1, 3, 1));
  Start();
  Pass(milliseconds(100));
  EXPECT_EQ(Users(), 8u);
  // Agent 2 is lost; its class 2 mod 3 falls to the others as 2 mod 6 and 5 mod 6.
  const auto shared = RedistributeLost(
      {MakeAssignment(0, 3, 1), MakeAssignment(1, 3, 1), MakeAssignment(2, 3, 1)}, 2, 2);
  ASSERT_TRUE(shared.ok());
  engines[0]->Reassign({.after = (*shared)[0]});
  engines[1]->Reassign({.after = (*shared)[1]});
  Settle();
  const Snapshot snapshot = Merged();
  EXPECT_EQ(snapshot.UserCount(), 12u);
  EXPECT_EQ(snapshot.users_started, 12u) << "nobody else was started again";
  EXPECT_EQ(snapshot.users_stopped, 0u);
  Pass(milliseconds(50));
  EXPECT_EQ(RequestsByUser().size(), 12u);
}

TEST_F(ClosedModelTest, UsersThatMoveHereComeAtTheirRate) {
  Make(Waiting(Constant(20), milliseconds(20)), 1, MakeAssignment(0, 2, 1));
  Start();
  Pass(milliseconds(100));
  ASSERT_EQ(Users(), 10u);
  engines[0]->Reassign({.after = Everything(), .rate = 10});
  Settle();
  EXPECT_EQ(Users(), 11u);
  Pass(milliseconds(350));
  EXPECT_GE(Users(), 13u);
  EXPECT_LE(Users(), 15u);
  Pass(seconds(1));
  EXPECT_EQ(Users(), 20u);
}

TEST_F(ClosedModelTest, AClassThatIsTakenAwayTakesItsUsers) {
  Make(Waiting(Constant(10), milliseconds(20)));
  Start();
  Pass(milliseconds(50));
  engines[0]->Reassign({.after = MakeAssignment(1, 2, 2)});
  Pass(milliseconds(50));
  EXPECT_EQ(Users(), 5u);
  const size_t before = protocol.Count();
  Pass(milliseconds(50));
  const std::vector<FakeEvent> events = protocol.Events();
  ASSERT_GT(events.size(), before);
  for (size_t i = before; i < events.size(); ++i) {
    EXPECT_EQ(events[i].user % 2, 1u);
  }
}

TEST_F(ClosedModelTest, TheLevelCanBeChangedLive) {
  Make(Waiting(Constant(4), milliseconds(20)), 2);
  Start();
  Pass(milliseconds(100));
  LoadChange change;
  change.since = milliseconds(100);
  change.users = 9;
  change.spawn_rate = 1000;
  engines[0]->Change(change);
  Pass(milliseconds(20));
  EXPECT_EQ(Users(), 9u);
  EXPECT_EQ(Merged().target_users, 9u);
  change.since = milliseconds(120);
  change.users = 0;
  engines[0]->Change(change);
  Pass(milliseconds(100));
  EXPECT_EQ(Users(), 0u);
  EXPECT_FALSE(engines[0]->finished()) << "nobody wanted is not the end";
  change.since = milliseconds(220);
  change.users.reset();
  change.clear = true;
  engines[0]->Change(change);
  Pass(milliseconds(20));
  EXPECT_EQ(Users(), 4u);
}

TEST_F(ClosedModelTest, APauseFreezesTheProfile) {
  Make(Waiting(Stages({{seconds(1), 10, 10}}), milliseconds(20)));
  Start();
  Pass(milliseconds(450));
  EXPECT_EQ(Users(), 5u);
  engines[0]->Pause();
  Settle();
  Pass(milliseconds(100));
  const size_t quiet = protocol.Count();
  Pass(seconds(5), milliseconds(100));
  EXPECT_EQ(protocol.Count(), quiet);
  EXPECT_EQ(Users(), 5u);
  EXPECT_FALSE(engines[0]->finished());
  engines[0]->Resume();
  Settle();
  EXPECT_EQ(Users(), 5u);
  Pass(milliseconds(100));
  EXPECT_EQ(Users(), 6u);
  EXPECT_GT(protocol.Count(), quiet);
  Pass(milliseconds(440));
  EXPECT_FALSE(engines[0]->finished());
  Pass(milliseconds(30));
  EXPECT_TRUE(engines[0]->finished()) << "one second of run, and the pause";
}

TEST_F(ClosedModelTest, APauseBeforeTheStartHoldsItBack) {
  Make(Waiting(Constant(3)));
  engines[0]->Pause();
  Start();
  Pass(milliseconds(100));
  EXPECT_EQ(Users(), 0u);
  engines[0]->Resume();
  Pass(milliseconds(10));
  EXPECT_EQ(Users(), 3u);
}

TEST_F(ClosedModelTest, RequestsBelongToThePhaseThatTheyWereMeantFor) {
  LoadProfile load = Constant(1, 100, seconds(1));
  load.warm_up = milliseconds(300);
  load.cool_down = milliseconds(200);
  Make(Waiting(load, milliseconds(49)));
  Start();
  Pass(milliseconds(150), milliseconds(1));
  engines[0]->Pause();
  Pass(milliseconds(700), milliseconds(10));
  engines[0]->Resume();
  ASSERT_TRUE(PassUntilFinished(seconds(2), milliseconds(1)));
  size_t measured = 0;
  for (const FakeEvent& event : protocol.Events()) {
    // 700 ms of pause lie in the warm-up.
    const RunPhase expected = event.at < milliseconds(1000)   ? RunPhase::kWarmUp
                              : event.at < milliseconds(1500) ? RunPhase::kMeasured
                                                              : RunPhase::kCoolDown;
    EXPECT_EQ(event.phase, expected) << event.at.count();
    measured += event.phase == RunPhase::kMeasured ? 1 : 0;
  }
  EXPECT_EQ(measured, 10u);
  EXPECT_EQ(Merged().Total().requests, measured);
}

TEST_F(ClosedModelTest, SharedVariablesReachTheOtherShards) {
  Plan plan = PlanOf({If({Condition::Op::kEquals, "{{user_number()}}", "0"},
                         {Set("token", "t{{iteration()}}", VariableScope::kShared)}, {}),
                      If({Condition::Op::kExists, "token", ""}, {Request("with", "{{token}}")},
                         {Request("without")})},
                     Constant(8));
  plan.users[0].wait_time = WaitConstant(milliseconds(50));
  Make(plan, 4);
  Start();
  Pass(milliseconds(500));
  std::set<const void*> loops;
  for (const FakeEvent& event : protocol.Events("with")) {
    loops.insert(event.loop);
  }
  EXPECT_EQ(loops.size(), 4u);
  const std::vector<FakeEvent> events = protocol.Events("with");
  EXPECT_NE(events.back().text, "t0") << "and later values, too";
}

// ---- stopping -----------------------------------------------------------------------------

class StopTest : public EngineFixture {
 protected:
  Plan Slow(Nanos stop_timeout) {
    protocol.replies["slow"] = {milliseconds(500)};
    protocol.replies["hang"] = {FakeReply::kNever};
    Plan plan = PlanOf({Request("slow"), Request("second")}, Constant(2));
    plan.users[0].on_start = {Request("login")};
    plan.users[0].on_stop = {Request("logout")};
    plan.stop_timeout = stop_timeout;
    return plan;
  }
};

TEST_F(StopTest, TasksMayFinishWithinTheStopTimeout) {
  Make(Slow(seconds(5)), 2);
  Start();
  Pass(milliseconds(100));
  engines[0]->Stop("stopped", /*immediate=*/false);
  Pass(milliseconds(200));
  EXPECT_FALSE(engines[0]->finished());
  EXPECT_EQ(Users(), 0u) << "who leaves is not a running user any more";
  ASSERT_TRUE(PassUntilFinished(seconds(1)));
  EXPECT_EQ(protocol.Count("second"), 2u);
  EXPECT_EQ(protocol.Count("logout"), 2u);
  EXPECT_EQ(Merged().iterations, 2u);
  EXPECT_EQ(Merged().Total().failures, 0u);
  EXPECT_EQ(Reasons(), Texts{"stopped"});
}

TEST_F(StopTest, WithoutATimeoutTheOpenRequestEndsAndNoMoreBegins) {
  Make(Slow(Nanos(0)));
  Start();
  Pass(milliseconds(100));
  engines[0]->Stop("stopped", /*immediate=*/false);
  ASSERT_TRUE(PassUntilFinished(seconds(1)));
  EXPECT_EQ(protocol.Count("second"), 0u);
  EXPECT_EQ(protocol.Count("logout"), 2u);
  EXPECT_EQ(Merged().Total().unfinished, 0u);
}

TEST_F(StopTest, AfterTheTimeoutATaskEndsWithItsPresentStep) {
  Plan plan = Slow(milliseconds(300));
  plan.users[0].tasks[0].steps = {Loop(1000, {Request("work")}), Request("never")};
  Make(plan);
  Start();
  Pass(milliseconds(100));
  engines[0]->Stop("stopped", /*immediate=*/false);
  Pass(milliseconds(280));
  EXPECT_FALSE(engines[0]->finished());
  const size_t before = protocol.Count("work");
  Pass(milliseconds(50));
  EXPECT_TRUE(engines[0]->finished());
  EXPECT_LE(protocol.Count("work"), before + 10);
  EXPECT_EQ(protocol.Count("logout"), 2u);
  EXPECT_EQ(Merged().Total().unfinished, 0u);
}

TEST_F(StopTest, WhatHangsIsGivenUpAfterAGraceAndCountsAsUnfinished) {
  Plan plan = Slow(seconds(1));
  plan.users[0].tasks[0].steps = {Request("hang")};
  Make(plan, 2);
  Start();
  Pass(milliseconds(100));
  EXPECT_EQ(Merged().open_requests, 2u);
  engines[0]->Stop("stopped", /*immediate=*/false);
  Pass(milliseconds(2'900), milliseconds(50));
  EXPECT_FALSE(engines[0]->finished());
  ASSERT_TRUE(PassUntilFinished(milliseconds(200)));
  const Snapshot snapshot = Merged();
  EXPECT_EQ(snapshot.Total().unfinished, 2u);
  EXPECT_EQ(snapshot.open_requests, 0u);
  EXPECT_EQ(snapshot.users_started, snapshot.users_stopped);
  EXPECT_EQ(protocol.Count("logout"), 0u);
}

TEST_F(StopTest, AnImmediateStopWaitsForNothing) {
  Make(Slow(seconds(60)), 2);
  Start();
  Pass(milliseconds(100));
  engines[0]->Stop("killed", /*immediate=*/true);
  Settle();
  EXPECT_TRUE(engines[0]->finished());
  EXPECT_EQ(Merged().Total().unfinished, 2u);
  EXPECT_EQ(Reasons(), Texts{"killed"});
}

TEST_F(StopTest, ASecondStopCanOnlyBeSooner) {
  Plan plan = Slow(seconds(60));
  plan.users[0].tasks[0].steps = {Request("hang")};
  Make(plan);
  Start();
  Pass(milliseconds(100));
  engines[0]->Stop("first", /*immediate=*/false);
  Pass(milliseconds(100));
  EXPECT_FALSE(engines[0]->finished());
  engines[0]->Stop("second", /*immediate=*/true);
  Settle();
  EXPECT_TRUE(engines[0]->finished());
  EXPECT_EQ(Reasons(), Texts{"first"});
}

TEST_F(StopTest, RampingDownLetsTasksFinishToo) {
  Plan plan = Slow(seconds(5));
  plan.load_profile = Stages({{milliseconds(200), 2, 1000}, {seconds(10), 1, 1000}});
  Make(plan);
  Start();
  Pass(milliseconds(250));
  EXPECT_EQ(Users(), 1u);
  EXPECT_EQ(protocol.Count("second"), 0u);
  Pass(milliseconds(300));
  EXPECT_EQ(protocol.Count("second"), 2u);
  EXPECT_EQ(protocol.Count("logout"), 1u);
}

}  // namespace
}  // namespace squall
