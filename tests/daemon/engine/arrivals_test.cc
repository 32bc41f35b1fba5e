#include "daemon/engine/arrivals.h"

#include <vector>

#include <gtest/gtest.h>

#include "tests/daemon/engine/plan_builder.h"

namespace squall {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

Profile ProfileOf(const LoadProfile& load) {
  absl::StatusOr<Profile> profile = Profile::Make(load);
  EXPECT_TRUE(profile.ok()) << profile.status();
  return *std::move(profile);
}

bool All(uint64_t) { return true; }
bool Even(uint64_t number) { return number % 2 == 0; }

TEST(ArrivalsTest, GivesEveryArrivalInOrderUntilItIsTaken) {
  const Profile profile = ProfileOf(ArrivalsAt(10, milliseconds(300)));
  Arrivals arrivals(&profile, 1, All);
  for (uint64_t number = 0; number < 3; ++number) {
    ASSERT_NE(arrivals.Next(), nullptr);
    ASSERT_NE(arrivals.Next(), nullptr) << "looking is not taking";
    EXPECT_EQ(arrivals.Next()->number, number);
    EXPECT_EQ(arrivals.Next()->at, milliseconds(100) * number);
    arrivals.Take();
  }
  EXPECT_EQ(arrivals.Next(), nullptr);
  EXPECT_FALSE(arrivals.Exhausted()) << "the profile is over, but no number was asked for";
}

TEST(ArrivalsTest, EndsAfterTheIterationsOfThePlan) {
  LoadProfile load = ArrivalsAt(10, seconds(100));
  load.iterations = 2;
  const Profile profile = ProfileOf(load);
  Arrivals arrivals(&profile, 1, All);
  for (int i = 0; i < 2; ++i) {
    EXPECT_FALSE(arrivals.Exhausted());
    ASSERT_NE(arrivals.Next(), nullptr);
    arrivals.Take();
  }
  EXPECT_EQ(arrivals.Next(), nullptr);
  EXPECT_TRUE(arrivals.Exhausted());
  EXPECT_EQ(arrivals.DueBy(seconds(50)), 2u);
}

// The verdict compares what was started with what was due. A generator that is too slow to look at
// its arrivals must not look good for it.
TEST(ArrivalsTest, CountsWhatWasDueWhetherTakenOrNot) {
  const Profile profile = ProfileOf(ArrivalsAt(10, seconds(10)));
  Arrivals arrivals(&profile, 1, All);
  EXPECT_EQ(arrivals.DueBy(Nanos(-1)), 0u);
  EXPECT_EQ(arrivals.DueBy(seconds(0)), 1u);
  EXPECT_EQ(arrivals.DueBy(seconds(1)), 11u);
  for (int i = 0; i < 5; ++i) {
    ASSERT_NE(arrivals.Next(), nullptr);
    arrivals.Take();
  }
  EXPECT_EQ(arrivals.DueBy(seconds(2)), 21u);
  EXPECT_EQ(arrivals.Next()->number, 5u) << "counting must not take";
  EXPECT_EQ(arrivals.DueBy(seconds(100)), 100u);
}

TEST(ArrivalsTest, CountsOnlyItsOwnThoughItTakesAll) {
  const Profile profile = ProfileOf(ArrivalsAt(10, seconds(10)));
  Arrivals arrivals(&profile, 1, Even);
  for (int i = 0; i < 7; ++i) {  // ahead of time, as a shard does with others' arrivals
    ASSERT_NE(arrivals.Next(), nullptr);
    arrivals.Take();
  }
  EXPECT_EQ(arrivals.DueBy(milliseconds(600)), 4u) << "0, 2, 4, 6";
  EXPECT_EQ(arrivals.DueBy(milliseconds(900)), 5u);
}

TEST(ArrivalsTest, NeverCountsBackwards) {
  const Profile profile = ProfileOf(ArrivalsAt(10, seconds(10)));
  bool mine = true;
  Arrivals arrivals(&profile, 1, [&mine](uint64_t) { return mine; });
  EXPECT_EQ(arrivals.DueBy(seconds(1)), 11u);
  EXPECT_EQ(arrivals.DueBy(milliseconds(500)), 11u);
  arrivals.PrepareReassign(milliseconds(1'500));
  mine = false;
  EXPECT_EQ(arrivals.DueBy(seconds(2)), 16u) << "those until the change were ours";
}

TEST(ArrivalsTest, WhatWasPassedOverForOthersComesAgainWhenItBecomesOurs) {
  const Profile profile = ProfileOf(ArrivalsAt(10, seconds(10)));
  bool all = false;
  Arrivals arrivals(&profile, 1, [&all](uint64_t number) { return all || number % 4 == 0; });
  for (int i = 0; i < 4; ++i) {  // 0 is due, 1 to 3 are others'
    arrivals.Next();
    arrivals.Take();
  }
  EXPECT_EQ(arrivals.Next()->number, 4u);
  arrivals.PrepareReassign(milliseconds(150));  // number 1 was due, for whoever had it
  all = true;
  EXPECT_EQ(arrivals.Next()->number, 2u);
  EXPECT_EQ(arrivals.DueBy(milliseconds(300)), 3u) << "0, 2, 3";
}

TEST(ArrivalsTest, WhatAShardIsLateForStaysItsOwnInAReassignment) {
  const Profile profile = ProfileOf(ArrivalsAt(10, seconds(10)));
  Arrivals arrivals(&profile, 1, All);
  arrivals.Next();
  arrivals.Take();
  arrivals.PrepareReassign(seconds(1));
  EXPECT_EQ(arrivals.Next()->number, 1u);
  EXPECT_EQ(arrivals.DueBy(seconds(1)), 11u);
}

TEST(ArrivalsTest, ManyAreCountedPieceByPiece) {
  const Profile profile = ProfileOf(ArrivalsAt(250'000, seconds(10)));
  Arrivals arrivals(&profile, 1, All);
  EXPECT_EQ(arrivals.DueBy(seconds(10)), 1'000'000u);
  EXPECT_EQ(arrivals.DueBy(seconds(10)), 2'000'000u);
  EXPECT_EQ(arrivals.DueBy(seconds(10)), 2'500'000u);
}

TEST(ArrivalsTest, ANewRateMovesTheArrivalThatWasLookedAt) {
  const Profile profile = ProfileOf(ArrivalsAt(0.1, seconds(1000)));
  Arrivals arrivals(&profile, 1, All);
  arrivals.Next();
  arrivals.Take();
  ASSERT_EQ(arrivals.Next()->at, seconds(10));
  arrivals.Rescale(10, seconds(1));  // 0.1 of the way to number 1 is done, the rest at 1/s
  EXPECT_EQ(arrivals.Next()->number, 1u);
  EXPECT_NEAR(static_cast<double>(arrivals.Next()->at.count()), 1.9e9, 2);
  EXPECT_EQ(arrivals.DueBy(seconds(2)), 2u);
}

TEST(ArrivalsTest, ARateOfZeroIsAPauseAndNotTheEnd) {
  const Profile profile = ProfileOf(ArrivalsAt(10, seconds(100)));
  Arrivals arrivals(&profile, 1, All);
  arrivals.Next();
  arrivals.Take();
  arrivals.Rescale(0, milliseconds(50));
  EXPECT_EQ(arrivals.Next(), nullptr);
  EXPECT_EQ(arrivals.DueBy(seconds(10)), 1u);
  arrivals.Rescale(1, seconds(10));
  ASSERT_NE(arrivals.Next(), nullptr);
  EXPECT_EQ(arrivals.Next()->number, 1u);
  EXPECT_NEAR(static_cast<double>(arrivals.Next()->at.count()), 10.05e9, 2);
}

}  // namespace
}  // namespace squall
