#include "daemon/engine/step_user.h"

#include <set>
#include <vector>

#include <gtest/gtest.h>

#include "tests/daemon/engine/user_fixture.h"

namespace squall {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// ---- the loop -----------------------------------------------------------------------------

TEST_F(UserTest, StartsDoesItsTasksAndStops) {
  Plan plan = PlanOf({Request("work")});
  plan.users[0].on_start = {Request("login")};
  plan.users[0].on_stop = {Request("logout")};
  plan.users[0].wait_time = WaitConstant(milliseconds(9));
  Use(plan);
  StepUser* user = Begin();
  host->Pass(milliseconds(25));
  EXPECT_EQ(Requests(), (Names{"login", "work", "work", "work"}));
  user->RequestStop(/*finish_task=*/true);
  host->Pass(milliseconds(5));
  EXPECT_EQ(Requests().back(), "logout");
  EXPECT_TRUE(user->ended());
  EXPECT_EQ(host->ended, std::vector<User*>{user});
  EXPECT_EQ(host->iterations, 3u);
  EXPECT_EQ(protocol.open_sessions(), 0) << "an ended user needs no connection";
}

TEST_F(UserTest, PicksTasksByTheirWeights) {
  Plan plan;
  plan.users = {ClassOf("Shopper", {TaskOf("a", {Request("a")}, 6), TaskOf("b", {Request("b")}, 3),
                                    TaskOf("c", {Request("c")}, 1)})};
  Use(plan);
  Begin();
  host->Pass(milliseconds(3'999));
  ASSERT_EQ(protocol.Count(), 4'000u);
  // Four standard deviations of 4 000 draws.
  EXPECT_NEAR(static_cast<double>(protocol.Count("a")), 2'400, 124);
  EXPECT_NEAR(static_cast<double>(protocol.Count("b")), 1'200, 116);
  EXPECT_NEAR(static_cast<double>(protocol.Count("c")), 400, 76);
}

TEST_F(UserTest, TheSameNumberMakesTheSameChoices) {
  Plan plan;
  plan.users = {ClassOf("Shopper", {TaskOf("a", {Request("a")}), TaskOf("b", {Request("b")})})};
  Use(plan);
  Begin(3);
  Begin(3);
  host->Pass(milliseconds(50));
  const Names names = Requests();
  ASSERT_EQ(names.size(), 102u);
  for (size_t i = 0; i < names.size(); i += 2) {
    EXPECT_EQ(names[i], names[i + 1]) << i;
  }
  EXPECT_NE(std::set<std::string>(names.begin(), names.end()).size(), 1u);
}

TEST_F(UserTest, AFailedRequestEndsTheTaskButNotTheUser) {
  protocol.replies["bad"] = {milliseconds(1), false};
  Plan plan = PlanOf({Request("bad"), Request("never")});
  plan.users[0].wait_time = WaitConstant(milliseconds(9));
  Use(plan);
  Begin();
  host->Pass(milliseconds(15));
  EXPECT_EQ(Requests(), (Names{"bad", "bad"}));
  EXPECT_EQ(host->iterations, 2u);
}

TEST_F(UserTest, EndsWhenTheIterationsAreUsedUp) {
  Use(PlanOf({Request("work")}));
  host->budget = 3;
  StepUser* user = Begin();
  host->Pass(milliseconds(20));
  EXPECT_EQ(protocol.Count(), 3u);
  EXPECT_TRUE(user->ended());
}

// ---- waiting ------------------------------------------------------------------------------

TEST_F(UserTest, AConstantWaitComesAfterTheTask) {
  protocol.replies["work"] = {milliseconds(30)};
  Plan plan = PlanOf({Request("work")});
  plan.users[0].wait_time = WaitConstant(milliseconds(70));
  Use(plan);
  Begin();
  host->Pass(milliseconds(350));
  EXPECT_EQ(Starts(), (std::vector<int64_t>{0, 100, 200, 300}));
  EXPECT_EQ(Intended(), (std::vector<int64_t>{-1, -1, -1, -1})) << "a wait is no schedule";
}

TEST_F(UserTest, AWaitBetweenTwoTimesStaysBetweenThem) {
  Plan plan = PlanOf({Request("work")});
  plan.users[0].wait_time = Wait(WaitTime::Kind::kBetween, milliseconds(10), milliseconds(20));
  Use(plan);
  Begin();
  host->Pass(seconds(3));
  const std::vector<int64_t> starts = Starts();
  ASSERT_GT(starts.size(), 130u);
  std::set<int64_t> gaps;
  for (size_t i = 1; i < starts.size(); ++i) {
    gaps.insert(starts[i] - starts[i - 1]);
  }
  EXPECT_GE(*gaps.begin(), 11) << "1 ms of work, 10 of waiting";
  EXPECT_LE(*gaps.rbegin(), 22) << "and a millisecond of the test's clock";
  EXPECT_GE(gaps.size(), 9u) << "nearly every length between must occur";
}

TEST_F(UserTest, ConstantPacingStartsAtFixedTimes) {
  protocol.replies["work"] = {milliseconds(30)};
  Plan plan = PlanOf({Request("work")});
  plan.users[0].wait_time = Wait(WaitTime::Kind::kConstantPacing, milliseconds(100));
  Use(plan);
  Begin();
  host->Pass(milliseconds(350));
  EXPECT_EQ(Starts(), (std::vector<int64_t>{0, 100, 200, 300}));
  EXPECT_EQ(Intended(), (std::vector<int64_t>{-1, 100, 200, 300}));
}

TEST_F(UserTest, ALatePacedUserStartsAtOnceAndDoesNotCatchUp) {
  protocol.replies["slow"] = {milliseconds(250)};
  Plan plan = PlanOf({If({Condition::Op::kEquals, "{{iteration()}}", "1"}, {Request("slow")},
                         {Request("quick")})});
  plan.users[0].wait_time = Wait(WaitTime::Kind::kConstantPacing, milliseconds(100));
  Use(plan);
  Begin();
  host->Pass(milliseconds(600));
  // The slow one runs from 100 to 350: the next was meant for 200, starts at 350, and from there
  // the pace goes on.
  EXPECT_EQ(Starts(), (std::vector<int64_t>{0, 100, 350, 450, 550}));
  EXPECT_EQ(Intended(), (std::vector<int64_t>{-1, 100, 200, 450, 550}));
}

TEST_F(UserTest, ConstantThroughputIsAPace) {
  Plan plan = PlanOf({Request("first"), Request("second")});
  plan.users[0].wait_time.kind = WaitTime::Kind::kConstantThroughput;
  plan.users[0].wait_time.per_second = 20;
  Use(plan);
  Begin();
  host->Pass(milliseconds(120));
  EXPECT_EQ(Starts("first"), (std::vector<int64_t>{0, 50, 100}));
  EXPECT_EQ(Intended("first"), (std::vector<int64_t>{-1, 50, 100}));
  EXPECT_EQ(Intended("second"), (std::vector<int64_t>{-1, -1, -1}))
      << "only the first request of a task has a schedule";
}

TEST_F(UserTest, ATaskThatNeverWaitsRunsOnceAMillisecond) {
  protocol.replies["instant"] = {Nanos(0)};
  BeginTask({Request("instant")});
  host->Pass(milliseconds(50));
  EXPECT_EQ(protocol.Count(), 51u);
}

// ---- stopping -----------------------------------------------------------------------------

class UserStopTest : public UserTest {
 protected:
  // In the middle of the first of three requests, with a pause after it, at 5 ms.
  StepUser* BeginLongTask() {
    protocol.replies["slow"] = {milliseconds(10)};
    protocol.replies["hang"] = {FakeReply::kNever};
    Plan plan =
        PlanOf({Request("slow"), Think(milliseconds(20)), Request("next"), Request("last")});
    plan.users[0].on_stop = {Request("logout")};
    Use(plan);
    StepUser* user = Begin();
    host->Pass(milliseconds(5));
    return user;
  }
};

TEST_F(UserStopTest, FinishesItsTaskPausesIncluded) {
  StepUser* user = BeginLongTask();
  user->RequestStop(/*finish_task=*/true);
  host->Pass(milliseconds(15));
  EXPECT_FALSE(user->ended()) << "it thinks";
  host->Pass(milliseconds(30));
  EXPECT_EQ(Requests(), (Names{"slow", "next", "last", "logout"}));
  EXPECT_EQ(Starts("next"), std::vector<int64_t>{30}) << "as if nothing had happened";
  EXPECT_TRUE(user->ended());
  EXPECT_EQ(host->iterations, 1u);
}

TEST_F(UserStopTest, WithoutFinishingTheRequestStillEndsByItself) {
  StepUser* user = BeginLongTask();
  user->RequestStop(/*finish_task=*/false);
  host->Pass(milliseconds(2));
  EXPECT_FALSE(user->ended());
  EXPECT_EQ(host->open_requests, 1);
  host->Pass(milliseconds(10));
  EXPECT_EQ(Requests(), (Names{"slow", "logout"}));
  EXPECT_TRUE(user->ended());
  EXPECT_EQ(host->iterations, 0u) << "a task that was cut short is not a finished one";
  EXPECT_EQ(host->Recorded().Total().failures, 0u);
}

TEST_F(UserStopTest, APauseInATaskEndsWhenTheTaskMustEnd) {
  StepUser* user = BeginLongTask();
  host->Pass(milliseconds(10));  // in the pause now
  user->RequestStop(/*finish_task=*/true);
  host->Pass(milliseconds(1));
  EXPECT_FALSE(user->ended());
  user->RequestStop(/*finish_task=*/false);  // the patience is over
  host->Pass(milliseconds(2));
  EXPECT_TRUE(user->ended());
  EXPECT_EQ(Requests(), (Names{"slow", "logout"}));
}

TEST_F(UserStopTest, AWaitBetweenTasksEndsAtOnce) {
  Plan plan = PlanOf({Request("work")});
  plan.users[0].wait_time = WaitConstant(seconds(3600));
  Use(plan);
  StepUser* user = Begin();
  host->Pass(milliseconds(5));
  user->RequestStop(/*finish_task=*/true);
  host->Settle();
  EXPECT_TRUE(user->ended());
}

TEST_F(UserStopTest, AbortGivesUpTheRequestWhichIsThenUnfinished) {
  protocol.replies["hang"] = {FakeReply::kNever};
  Plan plan = PlanOf({Request("hang")});
  plan.users[0].on_stop = {Request("logout")};
  Use(plan);
  StepUser* user = Begin();
  host->Pass(milliseconds(5));
  user->RequestStop(/*finish_task=*/false);
  host->Pass(milliseconds(100));
  EXPECT_FALSE(user->ended()) << "it hangs";
  user->Abort();
  host->Settle();
  EXPECT_TRUE(user->ended());
  EXPECT_EQ(Requests(), Names{"hang"}) << "there is no time for on_stop";
  EXPECT_EQ(host->Recorded().Total().unfinished, 1u);
  EXPECT_EQ(host->open_requests, 0);
}

TEST_F(UserStopTest, OnStopRunsToItsEndWhenHurried) {
  Plan plan = PlanOf({Request("work")});
  plan.users[0].on_stop = {Request("first"), Think(milliseconds(5)), Request("second")};
  Use(plan);
  StepUser* user = Begin();
  host->Settle();
  user->RequestStop(/*finish_task=*/true);
  host->Pass(milliseconds(4));
  user->RequestStop(/*finish_task=*/false);
  host->Pass(milliseconds(10));
  EXPECT_EQ(Requests(), (Names{"work", "first", "second"}));
  EXPECT_TRUE(user->ended());
}

TEST_F(UserStopTest, AStopDuringOnStartSkipsTheTasks) {
  Plan plan = PlanOf({Request("work")});
  plan.users[0].on_start = {Request("login"), Request("profile")};
  plan.users[0].on_stop = {Request("logout")};
  Use(plan);
  StepUser* user = Begin();
  user->RequestStop(/*finish_task=*/true);
  host->Pass(milliseconds(10));
  EXPECT_EQ(Requests(), (Names{"login", "profile", "logout"}));
  EXPECT_TRUE(user->ended());
}

// ---- pause, once --------------------------------------------------------------------------

TEST_F(UserTest, HoldsAfterItsTaskWhileTheRunIsPaused) {
  protocol.replies["work"] = {milliseconds(10)};
  Use(PlanOf({Request("work")}));
  StepUser* user = Begin();
  host->Pass(milliseconds(5));
  host->is_paused = true;
  host->Pass(milliseconds(50));
  EXPECT_EQ(protocol.Count(), 1u);
  EXPECT_EQ(host->iterations, 1u) << "the open request ended";
  host->is_paused = false;
  user->Nudge();
  host->Settle();
  EXPECT_EQ(Starts().back(), 55);
}

TEST_F(UserTest, APauseIsNobodysDelay) {
  Plan plan = PlanOf({Request("work")});
  plan.users[0].wait_time = Wait(WaitTime::Kind::kConstantPacing, milliseconds(10));
  Use(plan);
  StepUser* user = Begin();
  host->Pass(milliseconds(15));
  host->is_paused = true;
  host->Pass(milliseconds(100));
  host->is_paused = false;
  user->Nudge();
  host->Settle();
  host->Pass(milliseconds(15));
  EXPECT_EQ(Starts(), (std::vector<int64_t>{0, 10, 115, 125}));
  EXPECT_EQ(Intended(), (std::vector<int64_t>{-1, 10, 115, 125}));
}

TEST_F(UserTest, AUserHeldByAPauseCanStop) {
  Use(PlanOf({Request("work")}));
  host->is_paused = true;
  StepUser* user = Begin();
  host->Pass(milliseconds(5));
  user->RequestStop(/*finish_task=*/true);
  host->Settle();
  EXPECT_TRUE(user->ended());
  EXPECT_EQ(protocol.Count(), 0u);
}

TEST_F(UserTest, ASinglePassRunsEachTaskOnceInOrder) {
  protocol.replies["bad"] = {milliseconds(1), false};
  Plan plan;
  plan.users = {ClassOf("Shopper", {TaskOf("first", {Request("bad"), Request("skipped")}, 0.1),
                                    TaskOf("second", {Request("b")}, 5)})};
  plan.users[0].on_start = {Request("login")};
  plan.users[0].on_stop = {Request("logout")};
  Use(plan);
  host->is_once = true;
  host->traced = true;
  StepUser* user = Begin();
  host->Pass(milliseconds(10));
  EXPECT_EQ(Requests(), (Names{"login", "bad", "b", "logout"}));
  EXPECT_EQ(host->lines, (Names{"task Shopper.first", "task Shopper.second"}));
  EXPECT_TRUE(user->ended());
}

TEST_F(UserTest, ASinglePassNeedsNoTrace) {
  Use(PlanOf({Request("a")}));
  host->is_once = true;
  StepUser* user = Begin();
  host->Pass(milliseconds(5));
  EXPECT_TRUE(user->ended());
}

// ---- open model ---------------------------------------------------------------------------

class OpenUserTest : public UserTest {
 protected:
  void UseOpen(Plan plan) {
    Use(std::move(plan));
    host->is_open = true;
  }
  TimePoint Ms(int64_t at) const { return protocol.origin + milliseconds(at); }
};

TEST_F(OpenUserTest, WaitsForArrivalsAndKnowsWhenTheyWereDue) {
  UseOpen(PlanOf({Request("work")}));
  StepUser* user = Begin();
  host->Pass(milliseconds(20));
  EXPECT_EQ(host->idle, std::vector<User*>{user});
  EXPECT_EQ(protocol.Count(), 0u);
  user->Dispatch(17, Ms(12));
  host->Settle();
  host->Pass(milliseconds(3));
  EXPECT_EQ(Starts(), std::vector<int64_t>{20});
  EXPECT_EQ(Intended(), std::vector<int64_t>{12});
  EXPECT_EQ(host->idle.size(), 2u) << "idle again";
  EXPECT_EQ(host->iterations, 1u);
}

TEST_F(OpenUserTest, AWakeUpForNothingDoesNotMakeItIdleTwice) {
  UseOpen(PlanOf({Request("work")}));
  StepUser* user = Begin();
  host->Settle();
  for (int i = 0; i < 3; ++i) {
    user->Nudge();
    host->Settle();
  }
  EXPECT_EQ(host->idle.size(), 1u);
}

TEST_F(OpenUserTest, AnArrivalWaitsForTheOnStartOfANewUser) {
  protocol.replies["login"] = {milliseconds(30)};
  Plan plan = PlanOf({Request("work")});
  plan.users[0].on_start = {Request("login"), Think(milliseconds(5))};
  UseOpen(plan);
  StepUser* user = Begin();
  user->Dispatch(0, Ms(0));
  host->Pass(milliseconds(40));
  EXPECT_EQ(Intended("login"), std::vector<int64_t>{-1}) << "the arrival is the task's";
  EXPECT_EQ(Starts("work"), std::vector<int64_t>{35});
  EXPECT_EQ(Intended("work"), std::vector<int64_t>{0});
}

TEST_F(OpenUserTest, AnArrivalThatTheUserNeverCameToIsDropped) {
  Plan plan = PlanOf({Request("work")});
  plan.users[0].on_start = {Request("login")};
  UseOpen(plan);
  StepUser* user = Begin();
  user->Dispatch(0, Ms(0));
  user->RequestStop(/*finish_task=*/true);
  host->Pass(milliseconds(5));
  EXPECT_TRUE(user->ended());
  EXPECT_EQ(protocol.Count("work"), 0u);
  EXPECT_EQ(host->dropped, 1u);
}

TEST_F(OpenUserTest, UniqueRowsFollowFromTheArrivalAndInOnStartFromTheUser) {
  Plan plan = PlanOf({Pick("rows", "row", PickOrder::kUnique), Request("work", "{{row}}")});
  plan.users[0].on_start = {Pick("rows", "account", PickOrder::kUnique),
                            Request("login", "{{account}}")};
  plan.test_data = {Data("rows", {0, 1, 2, 3, 4, 5, 6, 7, 8, 9})};
  UseOpen(plan);
  StepUser* user = Begin(3);
  host->Pass(milliseconds(3));
  EXPECT_EQ(Texts("login"), Names{"3"});
  user->Dispatch(8, Ms(3));
  host->Pass(milliseconds(3));
  EXPECT_EQ(Texts("work"), Names{"8"});
}

TEST_F(OpenUserTest, AnIdleUserStopsAtOnce) {
  UseOpen(PlanOf({Request("work")}));
  StepUser* user = Begin();
  host->Settle();
  user->RequestStop(/*finish_task=*/true);
  host->Settle();
  EXPECT_TRUE(user->ended());
}

}  // namespace
}  // namespace squall
