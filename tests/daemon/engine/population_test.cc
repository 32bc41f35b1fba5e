#include "daemon/engine/population.h"

#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/daemon/engine/fake_host.h"
#include "tests/daemon/engine/plan_builder.h"

namespace squall {
namespace {

using std::chrono::milliseconds;

class PopulationTest : public testing::Test {
 public:
  ~PopulationTest() override {
    users->LeaveAll(/*finish_task=*/false);
    users->AbortLeaving();
    Reap();
  }

 protected:
  PopulationTest() {
    protocol.replies["hang"] = {FakeReply::kNever};
    Plan plan;
    plan.users = {ClassOf("Reader", {TaskOf("read", {Request("work")})}),
                  ClassOf("Writer", {TaskOf("write", {Request("hang")})})};
    host = std::make_unique<FakeHost>(plan, &protocol);
    users = std::make_unique<Population>(host.get(), host->client.get(), /*seed=*/1);
  }
  // As a shard does: what the host heard is noted and freed.
  void Reap() {
    host->Settle();
    for (User* user : host->ended) {
      users->NoteEnded(user);
    }
    host->ended.clear();
    users->Reap();
  }

  FakeProtocol protocol;
  std::unique_ptr<FakeHost> host;
  std::unique_ptr<Population> users;
};

TEST_F(PopulationTest, CountsWhoRunsByClass) {
  EXPECT_TRUE(users->empty());
  users->Spawn(0, 0);
  users->Spawn(1, 1);
  users->Spawn(4, 0);
  EXPECT_EQ(users->size(), 3u);
  EXPECT_EQ(users->by_class(), (std::vector<uint64_t>{2, 1}));
  EXPECT_EQ(users->started(), 3u);
  EXPECT_EQ(users->stopped(), 0u);
  EXPECT_TRUE(users->Contains(4));
  EXPECT_FALSE(users->Contains(2));
}

TEST_F(PopulationTest, WhoLeavesIsGoneAtOnceButFreedWhenItHasEnded) {
  User* user = users->Spawn(0, 0);
  users->Leave(user, /*finish_task=*/true);
  EXPECT_EQ(users->size(), 0u);
  EXPECT_EQ(users->by_class(), (std::vector<uint64_t>{0, 0}));
  EXPECT_FALSE(users->empty());
  EXPECT_EQ(users->stopped(), 0u);
  host->Pass(milliseconds(2));
  Reap();
  EXPECT_TRUE(users->empty());
  EXPECT_EQ(users->stopped(), 1u);
  EXPECT_EQ(protocol.open_sessions(), 0);
}

TEST_F(PopulationTest, ANumberCanComeBackWhileItsOldUserStillLeaves) {
  users->Leave(users->Spawn(0, 0), /*finish_task=*/true);
  users->Spawn(0, 0);
  EXPECT_EQ(users->size(), 1u);
  host->Pass(milliseconds(2));
  Reap();
  EXPECT_EQ(users->size(), 1u) << "the old one went, the new one stays";
  EXPECT_EQ(users->started(), 2u);
  EXPECT_EQ(users->stopped(), 1u);
}

TEST_F(PopulationTest, LeavesFromANumberUpwards) {
  for (uint64_t number = 0; number < 6; ++number) {
    users->Spawn(number, 0);
  }
  users->LeaveFrom(4, /*finish_task=*/false);
  EXPECT_EQ(users->size(), 4u);
  EXPECT_TRUE(users->Contains(3));
  EXPECT_FALSE(users->Contains(4));
  users->LeaveNumber(2, /*finish_task=*/false);
  users->LeaveNumber(7, /*finish_task=*/false);  // is not there
  EXPECT_FALSE(users->Contains(2));
  EXPECT_TRUE(users->Contains(1));
  EXPECT_EQ(users->size(), 3u);
}

TEST_F(PopulationTest, KnowsWhoEndedUnasked) {
  users->Spawn(0, 0);
  users->LeaveNumber(0, /*finish_task=*/false);
  host->Pass(milliseconds(2));
  host->budget = 0;
  users->Spawn(1, 0);
  Reap();
  EXPECT_EQ(users->stopped(), 2u);
  EXPECT_EQ(users->ended_unasked(), 1u) << "there was nothing to do for user 1";
}

TEST_F(PopulationTest, WhoHangsLeavesOnlyWhenAborted) {
  users->Spawn(0, 1);
  host->Settle();
  users->LeaveAll(/*finish_task=*/true);
  users->HurryLeaving();
  Reap();
  EXPECT_FALSE(users->empty());
  users->AbortLeaving();
  Reap();
  EXPECT_TRUE(users->empty());
}

class OpenPopulationTest : public PopulationTest {
 protected:
  OpenPopulationTest() { host->is_open = true; }
  User* SpawnIdle(uint64_t number, size_t class_index) {
    User* user = users->Spawn(number, class_index);
    EXPECT_EQ(host->idle.back(), user);
    users->AddIdle(user);
    return user;
  }
};

TEST_F(OpenPopulationTest, TheUserThatWorkedLastWorksAgain) {
  User* first = SpawnIdle(0, 0);
  User* second = SpawnIdle(1, 0);
  User* other = SpawnIdle(2, 1);
  EXPECT_EQ(users->idle(), 3u);
  EXPECT_EQ(users->TakeIdle(0), second);
  EXPECT_EQ(users->TakeIdle(0), first);
  EXPECT_EQ(users->TakeIdle(0), nullptr);
  EXPECT_EQ(users->TakeIdle(1), other);
  EXPECT_EQ(users->idle(), 0u);
}

TEST_F(OpenPopulationTest, WhoLeavesWaitsForNoArrival) {
  User* first = SpawnIdle(0, 0);
  SpawnIdle(1, 0);
  users->Leave(first, /*finish_task=*/true);
  EXPECT_EQ(users->idle(), 1u);
  users->LeaveAll(/*finish_task=*/true);
  EXPECT_EQ(users->idle(), 0u);
  EXPECT_EQ(users->TakeIdle(0), nullptr);
  Reap();
  EXPECT_TRUE(users->empty());
}

TEST_F(OpenPopulationTest, MakesRoomInTheClassWithMostIdleUsers) {
  EXPECT_FALSE(users->EvictIdle());
  SpawnIdle(0, 0);
  User* oldest = SpawnIdle(1, 1);
  SpawnIdle(2, 1);
  EXPECT_TRUE(users->EvictIdle());
  EXPECT_FALSE(users->Contains(oldest->number()));
  EXPECT_EQ(users->by_class(), (std::vector<uint64_t>{1, 1}));
  EXPECT_TRUE(users->EvictIdle());
  EXPECT_TRUE(users->EvictIdle());
  EXPECT_FALSE(users->EvictIdle());
  EXPECT_EQ(users->size(), 0u);
}

}  // namespace
}  // namespace squall
