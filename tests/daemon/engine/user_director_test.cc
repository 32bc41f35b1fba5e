#include "daemon/engine/user_director.h"

#include <memory>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "daemon/base/rng.h"
#include "tests/daemon/engine/fake_host.h"
#include "tests/daemon/engine/handover_fixture.h"

namespace squall {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// ---- one shard ----------------------------------------------------------------------------

class UserDirectorTest : public testing::Test {
 public:
  ~UserDirectorTest() override {
    users_->LeaveAll(/*finish_task=*/false);
    users_->AbortLeaving();
    Reap();
  }

 protected:
  UserDirectorTest() {
    Plan plan = PlanOf({Request("work")});
    plan.users[0].wait_time = WaitConstant(seconds(1'000));
    host_ = std::make_unique<FakeHost>(plan, &protocol_);
    users_ = std::make_unique<Population>(host_.get(), host_->client.get(), /*seed=*/1);
    director_ = std::make_unique<UserDirector>(
        UserDirector::Parts{&host_->program(), users_.get(), &ownership_, 0, 1});
  }
  void Reassign(const Handover& handover, Nanos elapsed) {
    const Ownership before = ownership_;
    ownership_.Add(handover);
    director_->Reassigned(before, handover, elapsed);
  }
  void Reap() {
    host_->Settle();
    for (User* user : host_->ended) {
      users_->NoteEnded(user);
    }
    host_->ended.clear();
    users_->Reap();
  }
  std::set<uint64_t> Running(uint64_t below) const {
    std::set<uint64_t> numbers;
    for (uint64_t number = 0; number < below; ++number) {
      if (users_->Contains(number)) {
        numbers.insert(number);
      }
    }
    return numbers;
  }

  FakeProtocol protocol_;
  std::unique_ptr<FakeHost> host_;
  std::unique_ptr<Population> users_;
  Ownership ownership_{{1, {{0, 1}}}};
  std::unique_ptr<UserDirector> director_;
};

using Numbers = std::set<uint64_t>;

TEST_F(UserDirectorTest, WakesOnlyForNumbersThatItHas) {
  ownership_ = Ownership({1, {{0, 2}}});
  director_->Direct(8, Nanos(0));
  EXPECT_EQ(director_->Next(Nanos(0)), std::nullopt);
  // 1, 2, 5, 6 move in the fleet; of ours only 2 and 6.
  Reassign({.after = {2, {{0, 4}}}, .moving = {{1, 4}, {2, 4}}, .at = seconds(1), .rate = 1},
           Nanos(0));
  director_->Direct(8, Nanos(0));
  EXPECT_EQ(director_->Next(Nanos(0)), seconds(2));
  director_->Direct(8, seconds(2));
  EXPECT_EQ(Running(8), (Numbers{0, 4, 6}));
  EXPECT_EQ(director_->Next(seconds(2)), seconds(4));
  EXPECT_FALSE(director_->Settled());
  director_->Direct(8, seconds(4));
  EXPECT_EQ(Running(8), (Numbers{0, 4}));
  EXPECT_EQ(director_->Next(seconds(4)), std::nullopt);
  EXPECT_TRUE(director_->Settled());
}

TEST_F(UserDirectorTest, ANumberThatAppearsBeforeItMovesIsStillTheOldOwners) {
  director_->Direct(2, Nanos(0));
  Reassign({.after = {2, {{0, 2}}}, .moving = {{1, 2}}, .at = seconds(1), .rate = 1}, Nanos(0));
  director_->Direct(6, milliseconds(2'500));
  EXPECT_EQ(Running(6), (Numbers{0, 2, 4, 5})) << "5 moves at 3 s";
  director_->Direct(4, milliseconds(2'600));
  director_->Direct(6, milliseconds(2'700));
  EXPECT_EQ(Running(6), (Numbers{0, 2, 4, 5})) << "gone with the schedule, and back";
  director_->Direct(6, seconds(3));
  EXPECT_EQ(Running(6), (Numbers{0, 2, 4}));
}

TEST_F(UserDirectorTest, WhoEndedByItselfIsNotStartedAgain) {
  host_->budget = 3;  // number 3 finds nothing to do
  director_->Direct(4, Nanos(0));
  Reap();
  ASSERT_EQ(Running(4), (Numbers{0, 1, 2}));
  Reassign({.after = {2, {{0, 2}, {3, 4}}}, .moving = {{1, 4}}, .at = seconds(1)}, Nanos(0));
  director_->Direct(4, seconds(1));
  EXPECT_EQ(Running(4), (Numbers{0, 2}));
  EXPECT_EQ(users_->started(), 4u);
}

TEST_F(UserDirectorTest, WhoHearsLateDoesAtOnceWhatIsDue) {
  ownership_ = Ownership({1, {{0, 2}}});
  director_->Direct(8, Nanos(0));
  Reassign({.after = {2, {{1, 2}}}, .moving = {{0, 1}}, .at = seconds(1), .rate = 1}, seconds(5));
  director_->Direct(8, seconds(5));
  EXPECT_EQ(Running(8), (Numbers{1, 3, 6})) << "6 leaves at 7 s, 5 and 7 come then";
}

TEST_F(UserDirectorTest, ManyAtOnceComeInSeveralTurns) {
  ownership_ = Ownership({1, {}});
  director_->Direct(1'000, Nanos(0));
  Reassign({.after = {2, {{0, 1}}}, .moving = {{0, 1}}, .at = seconds(1)}, Nanos(0));
  int turns = 0;
  do {
    director_->Direct(1'000, seconds(1));
    ++turns;
  } while (director_->Next(seconds(1)) == seconds(1));
  EXPECT_EQ(users_->size(), 1'000u);
  EXPECT_EQ(turns, 4);
}

TEST_F(UserDirectorTest, AfterClearNobodyComes) {
  ownership_ = Ownership({1, {}});
  director_->Direct(10, Nanos(0));
  Reassign({.after = {2, {{0, 1}}}, .at = seconds(1)}, Nanos(0));
  director_->Clear();
  EXPECT_EQ(director_->Next(Nanos(0)), std::nullopt);
}

// ---- three agents -------------------------------------------------------------------------

class UserHandoverTest : public HandoverFixture {
 protected:
  Plan Waiting(LoadProfile load) {
    Plan plan = PlanOf({Request("work")}, std::move(load));
    plan.users[0].wait_time = WaitConstant(milliseconds(70));
    plan.stop_timeout = seconds(5);
    return plan;
  }
  // At every tick the users of all engines are those that the profile asks for.
  void PassExactly(Nanos span, Nanos step = milliseconds(10)) {
    for (Nanos passed{0}; passed < span; passed += step) {
      Pass(step, step);
      const Snapshot snapshot = Merged();
      ASSERT_EQ(snapshot.UserCount(), wanted(snapshot.elapsed - paused))
          << snapshot.elapsed.count();
    }
  }

  std::function<uint64_t(Nanos)> wanted = [this](Nanos elapsed) {
    return profile.UsersAt(elapsed);
  };
  Nanos paused{0};
};

TEST_F(UserHandoverTest, AJoiningAgentTakesItsUsersOneByOne) {
  MakeFleet(Waiting(Constant(24)), {MakeAssignment(0, 2, 1), MakeAssignment(1, 2, 1), {1, {}}}, 2);
  Start();
  PassExactly(milliseconds(100));
  Join(/*at=*/milliseconds(500), /*rate=*/10);
  PassExactly(milliseconds(450));
  EXPECT_EQ(engines[2]->TakeSnapshot().UserCount(), 1u) << "the first, at 500 ms";
  PassExactly(milliseconds(300));
  EXPECT_EQ(engines[2]->TakeSnapshot().UserCount(), 4u) << "10 users a second";
  EXPECT_EQ(engines[2]->TakeSnapshot().target_users, 4u);
  PassExactly(seconds(1));
  const Snapshot joined = engines[2]->TakeSnapshot();
  EXPECT_EQ(joined.UserCount(), fleet[2].Share(24));
  EXPECT_EQ(Merged().users_started, 24u + joined.UserCount()) << "nobody else was started again";
  EXPECT_EQ(Merged().users_stopped, joined.UserCount());
}

TEST_F(UserHandoverTest, TheSurvivorsTakeOverFromALostAgent) {
  MakeFleet(Waiting(Constant(30)), Thirds(), 2);
  Start();
  PassExactly(milliseconds(200));
  Lose(1, /*at=*/milliseconds(300), /*rate=*/20);
  Pass(milliseconds(50));
  EXPECT_EQ(Users(), 20u);
  Pass(milliseconds(60));
  EXPECT_EQ(Users(), 21u) << "the first, at 300 ms";
  Pass(milliseconds(200));
  EXPECT_EQ(Users(), 25u);
  Pass(milliseconds(300));
  PassExactly(milliseconds(100));
  EXPECT_EQ(Merged().users_started, 40u) << "nobody else was started again";
  EXPECT_EQ(Merged().users_stopped, 10u);
}

TEST_F(UserHandoverTest, TheTotalIsExactWhileTheProfileMoves) {
  MakeFleet(Waiting(Stages({{seconds(2), 40, 30}, {seconds(1), 10, 50}, {seconds(1), 30, 40}})),
            {MakeAssignment(0, 2, 1), MakeAssignment(1, 2, 1), {1, {}}}, 2);
  Start();
  Join(/*at=*/milliseconds(330), /*rate=*/7);
  PassExactly(milliseconds(3'900), milliseconds(30));
}

TEST_F(UserHandoverTest, TheTotalIsExactAroundAPause) {
  MakeFleet(Waiting(Constant(20)), {MakeAssignment(0, 2, 1), MakeAssignment(1, 2, 1), {1, {}}}, 2);
  Start();
  PassExactly(milliseconds(100));
  Join(/*at=*/milliseconds(200), /*rate=*/10);
  PassExactly(milliseconds(250));
  const uint64_t moved = engines[2]->TakeSnapshot().UserCount();
  for (const auto& engine : engines) {
    engine->Pause();
  }
  PassExactly(seconds(3), milliseconds(100));
  EXPECT_EQ(engines[2]->TakeSnapshot().UserCount(), moved) << "the run's time stands still";
  for (const auto& engine : engines) {
    engine->Resume();
  }
  Settle();
  PassExactly(milliseconds(100));
  EXPECT_EQ(engines[2]->TakeSnapshot().UserCount(), moved + 1);
  PassExactly(seconds(1));
  EXPECT_EQ(engines[2]->TakeSnapshot().UserCount(), fleet[2].Share(20));
}

TEST_F(UserHandoverTest, TheTotalIsExactUnderALevelThatWasSetLive) {
  MakeFleet(Waiting(Constant(10)), {MakeAssignment(0, 2, 1), MakeAssignment(1, 2, 1), {1, {}}}, 2);
  Schedule schedule(&profile);
  wanted = [&schedule](Nanos elapsed) { return schedule.UsersAt(elapsed); };
  Start();
  PassExactly(milliseconds(100));
  Join(/*at=*/milliseconds(200), /*rate=*/5);
  for (const uint64_t users : {40, 5, 25}) {
    LoadChange change;
    change.since = Merged().elapsed;
    change.users = users;
    change.spawn_rate = 60;
    schedule.Apply(change);
    for (const auto& engine : engines) {
      engine->Change(change);
    }
    PassExactly(milliseconds(700));
  }
}

TEST_F(UserHandoverTest, TheNextHandoverCompletesTheOneThatGoesOn) {
  MakeFleet(Waiting(Constant(32)),
            {MakeAssignment(0, 2, 1), MakeAssignment(1, 2, 1), {1, {}}, {1, {}}}, 2);
  Start();
  Join(/*at=*/milliseconds(100), /*rate=*/2);
  PassExactly(milliseconds(700));
  EXPECT_EQ(engines[2]->TakeSnapshot().UserCount(), 2u);
  const uint64_t third = fleet[2].Share(32);
  Join(/*at=*/seconds(1), /*rate=*/2);
  PassExactly(milliseconds(290));
  EXPECT_EQ(engines[2]->TakeSnapshot().UserCount(), 2u);
  PassExactly(milliseconds(20));
  const uint64_t given = third - engines[2]->TakeSnapshot().UserCount();
  EXPECT_LE(given, 1u) << "all that was to come has come, and one may have gone on";
  PassExactly(seconds(4), milliseconds(100));
  EXPECT_EQ(engines[3]->TakeSnapshot().UserCount(), fleet[3].Share(32));
}

TEST_F(UserHandoverTest, WhoLeavesFinishesItsTask) {
  protocol.replies["long"] = {milliseconds(300)};
  Plan plan = PlanOf({Request("long"), Request("second")}, Constant(4));
  plan.users[0].on_stop = {Request("logout")};
  plan.stop_timeout = seconds(5);
  MakeFleet(plan, {MakeAssignment(0, 1, 1), {1, {}}}, 1);
  Start();
  Pass(milliseconds(100));
  Join(milliseconds(150), 0);
  Pass(milliseconds(100));
  EXPECT_EQ(Merged().UserCount(), 4u);
  EXPECT_EQ(protocol.Count("long"), 6u) << "two users have moved, and begin anew";
  Pass(milliseconds(200));
  EXPECT_EQ(protocol.Count("logout"), 2u);
  EXPECT_EQ(Merged().Total().unfinished, 0u);
}

TEST_F(UserHandoverTest, AnAgentThatGaveAllItsUsersAwayWaitsForMore) {
  MakeFleet(Waiting(Constant(6)), {MakeAssignment(0, 1, 1), {1, {}}}, 2);
  Start();
  PassExactly(milliseconds(100));
  TellAll({{2, {}}, {2, {{0, 1}}}}, {{0, 1}}, milliseconds(200), 100);
  PassExactly(seconds(1));
  EXPECT_EQ(engines[0]->TakeSnapshot().UserCount(), 0u);
  EXPECT_FALSE(engines[0]->finished());
  TellAll({{3, {{0, 2}}}, {3, {{1, 2}}}}, {{0, 2}}, milliseconds(1'200), 100);
  PassExactly(seconds(1));
  EXPECT_EQ(engines[0]->TakeSnapshot().UserCount(), 3u);
}

TEST_F(UserHandoverTest, AnAgentThatStartsLateJoinsTheRunThatGoesOn) {
  const Plan plan = Waiting(Stages({{seconds(10), 50, 5}}));
  MakeFleet(plan, {MakeAssignment(0, 2, 1), MakeAssignment(1, 2, 1)}, 2);
  Start();
  PassExactly(seconds(2), milliseconds(100));
  Make(plan, 2, {1, {}});
  fleet.push_back({1, {}});
  engines[2]->Start(protocol.origin);
  Settle();
  PassExactly(milliseconds(100));
  EXPECT_EQ(engines[2]->TakeSnapshot().elapsed, Merged().elapsed);
  EXPECT_LT(engines[2]->TakeSnapshot().health.elapsed_seconds, 0.2);
  Join(milliseconds(2'300), 10);
  PassExactly(seconds(4), milliseconds(50));
  EXPECT_EQ(engines[2]->TakeSnapshot().UserCount(), fleet[2].Share(31));
}

TEST_F(UserHandoverTest, UsersOfALateStartComeAtOnce) {
  Make(Waiting(Stages({{seconds(100), 100, 1}})), 2);
  Start(-seconds(50));
  EXPECT_EQ(Users(), 51u);
}

// Agents come and go at random under a random profile; every loop hears of it in time.
TEST_F(UserHandoverTest, TheTotalIsExactWhateverHappens) {
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    SCOPED_TRACE(seed);
    Rng rng(seed);
    engines.clear();
    std::vector<Stage> stages;
    for (int i = 0; i < 4; ++i) {
      stages.push_back({seconds(1), rng.Below(60), 10 + static_cast<double>(rng.Below(60))});
    }
    std::vector<Assignment> shares = {MakeAssignment(0, 2, 1), MakeAssignment(1, 2, 1)};
    shares.resize(5, {1, {}});
    const uint32_t shards = 1 + rng.Below(2);
    MakeFleet(Waiting(Stages(stages)), shares, shards);
    Start();
    for (int joining = 0; joining < 3; ++joining) {
      Join(Merged().elapsed + milliseconds(40 + rng.Below(300)),
           rng.Below(3) == 0 ? 0 : 5 + static_cast<double>(rng.Below(40)));
      PassExactly(milliseconds(50) * (4 + rng.Below(16)), milliseconds(50));
      ASSERT_FALSE(HasFatalFailure());
    }
  }
}

}  // namespace
}  // namespace squall
