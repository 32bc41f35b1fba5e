#include "daemon/engine/arrival_pump.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include "daemon/base/rng.h"
#include "daemon/stats/verdict.h"
#include "tests/daemon/engine/handover_fixture.h"

namespace squall {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Texts = std::vector<std::string>;

class OpenModelTest : public EngineFixture {
 protected:
  // No arrival may get lost: those that were due have been sent or dropped.
  void ExpectNoneLost() {
    const Snapshot snapshot = Merged();
    EXPECT_EQ(snapshot.arrivals_planned, protocol.Count("work") + snapshot.dropped_iterations);
  }
};

TEST_F(OpenModelTest, EveryArrivalStartsWhenItIsDueWhateverTheTargetDoes) {
  protocol.replies["work"] = {milliseconds(700)};
  Make(PlanOf({Request("work")}, ArrivalsAt(50, seconds(2))), 2);
  Start();
  ASSERT_TRUE(PassUntilFinished(seconds(10)));
  EXPECT_EQ(Reasons().front(), "profile finished");
  std::set<int64_t> starts;
  for (const FakeEvent& event : protocol.Events()) {
    EXPECT_EQ(event.intended, event.at);
    starts.insert(event.at / milliseconds(1));
  }
  EXPECT_EQ(starts.size(), 100u);
  EXPECT_EQ(*starts.rbegin(), 1'980);
  EXPECT_EQ(Merged().dropped_iterations, 0u);
  EXPECT_EQ(Merged().arrivals_planned, 100u);
  ExpectNoneLost();
}

TEST_F(OpenModelTest, AUserIsUsedAgainAndNoMoreAreMadeThanNeeded) {
  protocol.replies["work"] = {milliseconds(30)};
  Make(PlanOf({Request("work")}, ArrivalsAt(100, seconds(1))));
  Start();
  Pass(milliseconds(900));
  // A request lasts 3 arrivals; the fourth user covers the instant in between.
  EXPECT_LE(Merged().users_started, 4u);
  EXPECT_EQ(protocol.Count(), 91u);
}

TEST_F(OpenModelTest, ArrivalsAreDroppedAndCountedWhenEveryUserIsBusy) {
  protocol.replies["work"] = {milliseconds(95)};
  Make(PlanOf({Request("work")}, ArrivalsAt(100, seconds(1), /*users_max=*/4)));
  Start();
  Pass(milliseconds(990));
  const Snapshot snapshot = Merged();
  EXPECT_EQ(snapshot.arrivals_planned, 100u);
  EXPECT_EQ(snapshot.UserCount(), 4u);
  EXPECT_EQ(protocol.Count(), 40u) << "four users, a request in ten arrivals each";
  EXPECT_EQ(snapshot.dropped_iterations, 60u);
}

TEST_F(OpenModelTest, OneUserOnManyShardsLosesNoArrival) {
  Make(PlanOf({Request("work")}, ArrivalsAt(10, seconds(1), /*users_max=*/1)), /*shards=*/4);
  Start();
  Pass(milliseconds(950));
  EXPECT_EQ(Merged().health.shards, 1u);
  EXPECT_EQ(protocol.Count(), 10u);
}

TEST_F(OpenModelTest, AnIdleUserOfAnotherClassMakesRoom) {
  Plan plan = PlanOf({}, ArrivalsAt(100, seconds(1), /*users_max=*/1));
  plan.users = {ClassOf("A", {TaskOf("t", {Request("work")})}),
                ClassOf("B", {TaskOf("t", {Request("work")})})};
  Make(plan);
  Start();
  Pass(milliseconds(990));
  std::map<std::string, size_t> by_class;
  for (const FakeEvent& event : protocol.Events()) {
    ++by_class[event.user_class];
  }
  EXPECT_EQ(by_class["A"], 50u);
  EXPECT_EQ(by_class["B"], 50u);
  EXPECT_EQ(Merged().dropped_iterations, 0u);
}

TEST_F(OpenModelTest, TheFirstArrivalOfANewUserIsNotLostToItsOnStart) {
  protocol.replies["login"] = {milliseconds(200)};
  Plan plan = PlanOf({Request("work")}, ArrivalsAt(10, seconds(2)));
  plan.users[0].on_start = {Request("login")};
  Make(plan);
  Start();
  Pass(milliseconds(1'500));
  EXPECT_EQ(Merged().dropped_iterations, 0u);
  const std::vector<FakeEvent> events = protocol.Events("work");
  ASSERT_FALSE(events.empty());
  EXPECT_EQ(events.front().at, milliseconds(200));
  EXPECT_EQ(events.front().intended, Nanos(0));
  EXPECT_EQ(events.back().at, events.back().intended) << "users that are there already";
}

TEST_F(OpenModelTest, IterationsAreExactAndTheLastTasksFinish) {
  protocol.replies["work"] = {milliseconds(300)};
  LoadProfile load = ArrivalsAt(100, seconds(1000));
  load.iterations = 37;
  Plan plan = PlanOf({Request("work"), Request("second")}, load);
  Make(plan, 3, MakeAssignment(0, 2, 0));
  Make(plan, 2, MakeAssignment(1, 2, 0));
  Start();
  ASSERT_TRUE(PassUntilFinished(seconds(10)));
  EXPECT_EQ(protocol.Count("work"), 37u);
  EXPECT_EQ(protocol.Count("second"), 37u);
  EXPECT_EQ(Merged().iterations, 37u);
  EXPECT_EQ(Merged().arrivals_planned, 37u);
  EXPECT_EQ(Reasons(), (Texts{"iterations finished", "iterations finished"}));
}

TEST_F(OpenModelTest, AgentsShareTheArrivals) {
  Plan plan = PlanOf({Pick("rows", "row", PickOrder::kUnique), Request("work", "{{row}}")},
                     ArrivalsAt(100, seconds(1)));
  std::vector<Value> rows;
  for (int64_t i = 0; i < 100; ++i) {
    rows.emplace_back(i);
  }
  plan.test_data = {Data("rows", rows, DataSet::OnEnd::kStopUser)};
  for (uint64_t agent = 0; agent < 3; ++agent) {
    Make(plan, 2, MakeAssignment(agent, 3, 0));
  }
  Start();
  Pass(milliseconds(500));
  EXPECT_NEAR(engines[0]->TakeSnapshot().target_rate, 100.0 / 3, 1e-9);
  ASSERT_TRUE(PassUntilFinished(seconds(2)));
  std::set<std::string> seen;
  for (const FakeEvent& event : protocol.Events()) {
    EXPECT_TRUE(seen.insert(event.text).second) << event.text << " came twice";
    EXPECT_EQ(std::to_string(event.at / milliseconds(10)), event.text) << "arrival n, row n";
  }
  EXPECT_EQ(seen.size(), 100u);
}

TEST_F(OpenModelTest, UsersHaveNumbersOfTheirOwnEverywhere) {
  protocol.replies["work"] = {milliseconds(200)};
  const Plan plan = PlanOf({Request("work")}, ArrivalsAt(100, seconds(10)));
  Make(plan, 2, MakeAssignment(0, 2, 0));
  Make(plan, 3, MakeAssignment(1, 2, 0));
  Start();
  Pass(milliseconds(150));
  EXPECT_EQ(RequestsByUser().size(), protocol.Count()) << "each request so far by another user";
}

TEST_F(OpenModelTest, ReassignGivesArrivalsToOthersAndSendsNobodyAway) {
  protocol.replies["work"] = {milliseconds(150)};
  const Plan plan = PlanOf({Request("work")}, ArrivalsAt(100, seconds(10)));
  Make(plan, 2, MakeAssignment(0, 2, 1));
  Start();
  Pass(seconds(1));
  const size_t half = protocol.Count();
  EXPECT_NEAR(static_cast<double>(half), 50, 1);
  const uint64_t users_before = Users();
  engines[0]->Reassign({.after = Everything()});
  Settle();
  EXPECT_EQ(Users(), users_before);
  Pass(seconds(1));
  EXPECT_NEAR(static_cast<double>(protocol.Count() - half), 100, 1);
  EXPECT_EQ(Merged().dropped_iterations, 0u);
  engines[0]->Reassign({.after = {2, {}}});
  Settle();
  const size_t before = protocol.Count();
  Pass(seconds(1), milliseconds(50));
  EXPECT_EQ(protocol.Count(), before);
  engines[0]->Reassign({.after = Everything()});
  Pass(milliseconds(200));
  EXPECT_GT(protocol.Count(), before);
}

TEST_F(OpenModelTest, TheRateCanBeScaledLive) {
  Make(PlanOf({Request("work")}, ArrivalsAt(10, seconds(100))));
  Start();
  Pass(seconds(1));
  EXPECT_EQ(protocol.Count(), 11u);
  LoadChange change;
  change.since = seconds(1);
  change.rate_factor = 10;
  engines[0]->Change(change);
  Pass(seconds(1));
  EXPECT_NEAR(static_cast<double>(protocol.Count()), 111, 1);
  EXPECT_DOUBLE_EQ(Merged().target_rate, 100);
  change.since = seconds(2);
  change.rate_factor = 0;
  engines[0]->Change(change);
  Settle();
  const size_t before = protocol.Count();
  Pass(seconds(5), milliseconds(100));
  EXPECT_EQ(protocol.Count(), before);
  change.since = seconds(7);
  change.rate_factor.reset();
  change.clear = true;
  engines[0]->Change(change);
  Pass(seconds(1));
  EXPECT_NEAR(static_cast<double>(protocol.Count() - before), 10, 1);
  ExpectNoneLost();
}

TEST_F(OpenModelTest, APauseShiftsTheArrivals) {
  Make(PlanOf({Request("work")}, ArrivalsAt(100, seconds(2))), 2);
  Start();
  Pass(milliseconds(500));
  engines[0]->Pause();
  Settle();
  const size_t before = protocol.Count();
  EXPECT_EQ(before, 51u);
  Pass(seconds(3), milliseconds(50));
  EXPECT_EQ(protocol.Count(), before);
  EXPECT_EQ(Merged().arrivals_planned, before);
  engines[0]->Resume();
  ASSERT_TRUE(PassUntilFinished(seconds(5)));
  EXPECT_EQ(protocol.Count(), 200u);
  for (const FakeEvent& event : protocol.Events()) {
    EXPECT_EQ(event.at, event.intended) << "the pause is nobody's delay";
  }
  ExpectNoneLost();
}

TEST_F(OpenModelTest, ALatePumpCatchesUpAndTheDelayIsTold) {
  Make(PlanOf({Request("work")}, ArrivalsAt(1'000, seconds(10))));
  Start();
  Pass(milliseconds(100), milliseconds(1));
  clock.Advance(milliseconds(300));  // the thread did not run for so long
  engines[0]->TakeSnapshot();
  EXPECT_EQ(engines[0]->TakeSnapshot().arrivals_planned, 401u) << "due, though not yet sent";
  for (int i = 0; i < 20; ++i) {
    Settle();
  }
  EXPECT_EQ(protocol.Count(), 401u) << "batch by batch, and none is left out";
  const std::vector<FakeEvent> events = protocol.Events();
  EXPECT_EQ(events[150].intended, milliseconds(150));
  EXPECT_EQ(events[150].at, milliseconds(400));
  ExpectNoneLost();
}

// A generator that cannot keep up must not look as if it could.
TEST_F(OpenModelTest, ArrivalsThatWereNeverSentMakeTheRunInvalid) {
  Make(PlanOf({Request("work")}, ArrivalsAt(1'000, seconds(2))));
  Start();
  Pass(seconds(1), milliseconds(1));
  clock.Advance(seconds(5));  // and when it wakes up, the run is over
  Settle();
  ASSERT_TRUE(PassUntilFinished(seconds(5)));
  const Snapshot snapshot = Merged();
  EXPECT_EQ(snapshot.arrivals_planned, 2'000u);
  EXPECT_LT(protocol.Count(), 1'500u);
  ValidityLimits limits;
  limits.loop_lag_p99_max = seconds(100);  // so that the arrivals alone decide
  limits.start_delay_p90_max = seconds(100);
  const VerdictReport verdict = JudgeRun(snapshot, {&snapshot}, {}, true, limits);
  EXPECT_EQ(verdict.verdict, Verdict::kInvalid);
  EXPECT_NE(verdict.reasons.front().find("arrivals"), std::string::npos);
}

TEST_F(OpenModelTest, PoissonArrivalsFollowFromTheSeed) {
  LoadProfile load = ArrivalsAt(200, seconds(1));
  std::get<Arrival>(load.load).spacing = Arrival::Spacing::kPoisson;
  Make(PlanOf({Request("work")}, load), 2, MakeAssignment(0, 2, 0));
  Make(PlanOf({Request("work")}, load), 1, MakeAssignment(1, 2, 0));
  Start();
  ASSERT_TRUE(PassUntilFinished(seconds(5)));
  const Profile profile = *Profile::Make(load);
  ArrivalClock clock_alone(&profile, 42);
  // The last step of the test's clock brings the end together with what was due in it.
  const Nanos last = milliseconds(990);
  std::set<Nanos> expected;
  while (const auto due = clock_alone.Next()) {
    if (due->at <= last) {
      expected.insert(due->at);
    }
  }
  std::set<Nanos> seen;
  for (const FakeEvent& event : protocol.Events()) {
    if (*event.intended <= last) {
      seen.insert(*event.intended);
    }
  }
  EXPECT_EQ(seen, expected);
}

TEST_F(OpenModelTest, AStopEndsTheArrivalsAndTheirCount) {
  protocol.replies["work"] = {milliseconds(500)};
  Plan plan = PlanOf({Request("work")}, ArrivalsAt(100, seconds(10)));
  plan.stop_timeout = seconds(5);
  Make(plan);
  Start();
  Pass(seconds(1));
  engines[0]->Stop("stopped", /*immediate=*/false);
  ASSERT_TRUE(PassUntilFinished(seconds(5)));
  Pass(seconds(1));
  EXPECT_EQ(protocol.Count(), 101u);
  EXPECT_EQ(Merged().arrivals_planned, 101u);
  EXPECT_EQ(Merged().iterations, 101u);
  EXPECT_EQ(Reasons(), Texts{"stopped"});
}

TEST_F(OpenModelTest, UsersThatEndByThemselvesAreReplaced) {
  Plan plan = PlanOf({Pick("rows", "row", PickOrder::kSequential), Request("work")},
                     ArrivalsAt(100, seconds(1), /*users_max=*/1));
  plan.test_data = {Data("rows", {1, 2}, DataSet::OnEnd::kStopUser)};
  Make(plan);
  Start();
  Pass(milliseconds(900));
  // A user takes two rows and ends with its third arrival.
  EXPECT_EQ(Merged().users_started, 31u);
  EXPECT_EQ(protocol.Count(), 61u);
}

// ---- arrivals that change hands ------------------------------------------------------------

class ArrivalHandoverTest : public HandoverFixture {
 protected:
  static Plan Arriving(double rate, Arrival::Spacing spacing) {
    LoadProfile load = ArrivalsAt(rate, seconds(100));
    std::get<Arrival>(load.load).spacing = spacing;
    return PlanOf({Request("work")}, load);
  }
  // What has been sent, by the time for which it was intended.
  std::vector<Nanos> Sent() const {
    std::vector<Nanos> sent;
    for (const FakeEvent& event : protocol.Events("work")) {
      sent.push_back(event.intended.value_or(Nanos(-1)));
    }
    std::sort(sent.begin(), sent.end());
    return sent;
  }
  std::vector<Nanos> Due(Nanos until) const {
    std::vector<Nanos> all;
    ArrivalClock alone(&profile, /*seed=*/42);
    for (auto due = alone.Next(); due && due->at <= until; due = alone.Next()) {
      all.push_back(due->at);
    }
    return all;
  }
};

TEST_F(ArrivalHandoverTest, EachGoesToWhoOwnsItWhenItIsDue) {
  MakeFleet(Arriving(100, Arrival::Spacing::kEven), {MakeAssignment(0, 1, 1), {1, {}}}, 1);
  Start();
  Pass(milliseconds(100));
  Join(milliseconds(505), /*rate=*/1);
  Pass(milliseconds(400));
  EXPECT_EQ(Sent().size(), 51u);
  EXPECT_EQ(engines[1]->TakeSnapshot().arrivals_planned, 0u);
  EXPECT_EQ(engines[1]->TakeSnapshot().target_rate, 0);
  Pass(milliseconds(500));
  EXPECT_EQ(Sent(), Due(seconds(1)));
  EXPECT_EQ(engines[1]->TakeSnapshot().arrivals_planned, 25u) << "51, 53 … 99, whatever the rate";
  EXPECT_EQ(engines[1]->TakeSnapshot().target_rate, 50);
  EXPECT_EQ(Merged().arrivals_planned, 101u);
}

TEST_F(ArrivalHandoverTest, WhoTakesOverAndHearsLateCatchesUp) {
  MakeFleet(Arriving(100, Arrival::Spacing::kEven), {MakeAssignment(0, 1, 1), {1, {}}}, 2);
  Start();
  const std::vector<Assignment> after = AdmitNew({fleet[0]}, 2);
  Tell(0, after, {}, milliseconds(500), 0);
  Pass(seconds(2));
  EXPECT_EQ(Sent().size(), 126u);
  Tell(1, after, {}, milliseconds(500), 0);
  Pass(milliseconds(20));
  EXPECT_EQ(Sent(), Due(milliseconds(2'020)));
  EXPECT_EQ(Merged().arrivals_planned, 203u);
}

TEST_F(ArrivalHandoverTest, WhoStartsLateMakesUpForNothing) {
  const Plan plan = Arriving(100, Arrival::Spacing::kEven);
  MakeFleet(plan, {MakeAssignment(0, 1, 1)}, 1);
  Start();
  Pass(seconds(2));
  Make(plan, 2, MakeAssignment(1, 2, 1));
  engines[1]->Start(protocol.origin);
  Settle();
  Pass(milliseconds(95));
  EXPECT_EQ(engines[1]->TakeSnapshot().arrivals_planned, 5u);
  EXPECT_EQ(Sent().size(), 215u);
}

TEST_F(ArrivalHandoverTest, AStartThatIsHeardALittleLateIsMadeUpFor) {
  MakeFleet(Arriving(100, Arrival::Spacing::kEven), {MakeAssignment(0, 1, 1)}, 2);
  Start(-milliseconds(900));
  EXPECT_EQ(Sent(), Due(milliseconds(900)));
}

TEST_F(ArrivalHandoverTest, AJoiningAgentHasAllItsLoopsAndItsShareOfUsers) {
  protocol.replies["work"] = {seconds(50)};
  LoadProfile load = ArrivalsAt(200, seconds(100), /*users_max=*/100);
  MakeFleet(PlanOf({Request("work")}, load), {MakeAssignment(0, 1, 1), {1, {}}}, 4);
  Start();
  EXPECT_EQ(engines[1]->TakeSnapshot().health.shards, 4u);
  Join(milliseconds(100), 0);
  Pass(seconds(2));
  EXPECT_EQ(Users(), 100u);
  EXPECT_EQ(engines[1]->TakeSnapshot().UserCount(), 50u);
}

// Agents join one after the other; who takes over may hear of it up to two seconds late.
TEST_F(ArrivalHandoverTest, EveryArrivalIsSentExactlyOnce) {
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    SCOPED_TRACE(seed);
    Rng rng(seed);
    engines.clear();
    protocol.Forget();
    std::vector<Assignment> shares = {MakeAssignment(0, 2, 1), MakeAssignment(1, 2, 1)};
    shares.resize(4, {1, {}});
    const auto spacing = rng.Below(2) == 0 ? Arrival::Spacing::kEven : Arrival::Spacing::kPoisson;
    MakeFleet(Arriving(20 + static_cast<double>(rng.Below(300)), spacing), shares,
              1 + static_cast<uint32_t>(rng.Below(2)));
    fleet.resize(2);
    Start();
    Nanos now{0};
    const auto pass = [&](Nanos span) {
      Pass(span, milliseconds(50));
      now += span;
    };
    for (size_t joining = 2; joining < 4; ++joining) {
      const std::vector<Assignment> after = AdmitNew(fleet, joining);
      const Nanos at = now + milliseconds(rng.Below(900));
      for (size_t i = 0; i < joining; ++i) {
        Tell(i, after, {}, at, 0);
      }
      pass(milliseconds(50) * rng.Below(58));
      Tell(joining, after, {}, at, 0);
      fleet = after;
      pass(milliseconds(50) * rng.Below(24));
    }
    pass(seconds(1));
    ASSERT_EQ(Sent(), Due(now));
    EXPECT_EQ(Merged().arrivals_planned, Sent().size());
  }
}

}  // namespace
}  // namespace squall
