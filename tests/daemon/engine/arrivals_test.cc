#include "daemon/engine/arrivals.h"

#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "tests/daemon/engine/plan_builder.h"

namespace squall {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

bool All(uint64_t, Nanos) { return true; }
bool None(uint64_t, Nanos) { return false; }
bool Even(uint64_t number, Nanos) { return number % 2 == 0; }

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

// Arrivals that change hands at a moment: the shard's view of them before and after it has heard.
class ReassignedArrivalsTest : public testing::Test {
 protected:
  // From `since` on, those that `after` says are ours, heard at `now`.
  void Reassign(Nanos since, Nanos now, Arrivals::Mine after) {
    arrivals_.PrepareReassign(now);
    const Arrivals::Mine before = mine_;
    mine_ = [before, after = std::move(after), since](uint64_t number, Nanos at) {
      return at < since ? before(number, at) : after(number, at);
    };
    arrivals_.Reassigned(since, before);
  }
  // Takes as a shard that is on time does: ours when due, others' up to a second ahead.
  void TakeUntil(Nanos now) {
    while (const ArrivalClock::Due* due = arrivals_.Next()) {
      const bool ours = mine_(due->number, due->at);
      if (due->at > now + (ours ? Nanos(0) : Nanos(seconds(1)))) {
        break;
      }
      if (ours) {
        taken_.push_back(due->number);
      }
      arrivals_.Take();
    }
  }

  using Numbers = std::vector<uint64_t>;
  const Profile profile_ = ProfileOf(ArrivalsAt(10, seconds(1'000)));
  Arrivals::Mine mine_ = None;
  Arrivals arrivals_{&profile_, 1, [this](uint64_t number, Nanos at) { return mine_(number, at); }};
  Numbers taken_;
};

TEST_F(ReassignedArrivalsTest, WhatIsDueBeforeTheMomentStaysOurs) {
  mine_ = All;
  TakeUntil(seconds(1));
  EXPECT_EQ(arrivals_.DueBy(seconds(1)), 11u);
  EXPECT_EQ(arrivals_.DueBy(milliseconds(500)), 11u) << "never counts backwards";
  Reassign(milliseconds(1'500), seconds(1), None);
  TakeUntil(seconds(3));
  EXPECT_EQ(arrivals_.DueBy(seconds(3)), 15u) << "those until 1.4 s";
  EXPECT_EQ(taken_.size(), 15u);
}

TEST_F(ReassignedArrivalsTest, WhatWasPassedOverForOthersComesAgainWhenItBecomesOurs) {
  TakeUntil(seconds(1));  // looks ahead to 2 s
  Reassign(milliseconds(1'450), seconds(1), Even);
  TakeUntil(seconds(2));
  EXPECT_EQ(taken_, (Numbers{16, 18, 20}));
  EXPECT_EQ(arrivals_.DueBy(seconds(2)), 3u);
}

TEST_F(ReassignedArrivalsTest, WhoHearsLateCatchesUp) {
  mine_ = [](uint64_t number, Nanos) { return number % 4 == 0; };
  TakeUntil(seconds(5));
  EXPECT_EQ(arrivals_.DueBy(seconds(5)), 13u);
  taken_.clear();
  Reassign(milliseconds(4'150), seconds(5), Even);
  EXPECT_EQ(arrivals_.DueBy(seconds(5)), 16u);
  TakeUntil(milliseconds(5'200));
  EXPECT_EQ(taken_, (Numbers{42, 46, 50, 52})) << "44 and 48 were taken when they were due";
  EXPECT_EQ(arrivals_.DueBy(milliseconds(5'200)), 17u);
}

TEST_F(ReassignedArrivalsTest, WhatWasMissedMayBeGivenAwayBeforeItIsTaken) {
  TakeUntil(seconds(5));
  Reassign(seconds(4), seconds(5), Even);
  Reassign(milliseconds(4'500), seconds(5), None);
  TakeUntil(seconds(6));
  EXPECT_EQ(taken_, (Numbers{40, 42, 44}));
  EXPECT_EQ(arrivals_.DueBy(seconds(6)), 3u);
}

TEST_F(ReassignedArrivalsTest, AMinuteIsRemembered) {
  TakeUntil(seconds(300));
  Reassign(seconds(1), seconds(300), All);
  TakeUntil(seconds(300));
  EXPECT_EQ(taken_.back(), 3'000u);
  EXPECT_GE(taken_.size(), 580u);
  EXPECT_LE(taken_.size(), 620u);
  EXPECT_EQ(arrivals_.DueBy(seconds(300)), taken_.size());
}

TEST_F(ReassignedArrivalsTest, WhatAShardIsLateForStaysItsOwn) {
  mine_ = All;
  TakeUntil(Nanos(0));
  Reassign(seconds(2), seconds(1), None);
  EXPECT_EQ(arrivals_.Next()->number, 1u);
  EXPECT_EQ(arrivals_.DueBy(seconds(1)), 11u);
}

TEST_F(ReassignedArrivalsTest, WhatALateShardHasNotTakenGoesToTheOtherOwner) {
  mine_ = All;
  TakeUntil(seconds(1));
  Reassign(milliseconds(1'500), seconds(2), None);  // was busy for a second
  TakeUntil(seconds(3));
  EXPECT_EQ(taken_.size(), 15u);
  EXPECT_EQ(arrivals_.DueBy(seconds(3)), 15u);
}

TEST_F(ReassignedArrivalsTest, ARateThatChangedIsRemembered) {
  TakeUntil(seconds(5));
  arrivals_.Rescale(2, seconds(5));
  TakeUntil(seconds(6));
  Reassign(milliseconds(4'850), seconds(6), All);
  TakeUntil(seconds(6));
  Numbers expected;
  for (uint64_t number = 49; number <= 70; ++number) {
    expected.push_back(number);  // 49 and 50 at 10/s, the others at 20/s
  }
  EXPECT_EQ(taken_, expected);
}

TEST_F(ReassignedArrivalsTest, WhatIsLeftOutIsNotOurs) {
  mine_ = Even;
  arrivals_.SkipTo(milliseconds(100'050));
  EXPECT_EQ(arrivals_.DueBy(milliseconds(100'050)), 0u);
  EXPECT_EQ(arrivals_.Next()->number, 1'001u);
  TakeUntil(milliseconds(100'400));
  EXPECT_EQ(taken_, (Numbers{1'002, 1'004}));
}

TEST(ArrivalsTest, LeavingOutIsTheSameAsTakingOneByOne) {
  for (const bool poisson : {false, true}) {
    for (const Nanos until : {Nanos(0), Nanos(1), Nanos(seconds(7)), Nanos(seconds(31))}) {
      SCOPED_TRACE(testing::Message() << poisson << " " << until.count());
      Arrival arrival;
      arrival.stages = {{seconds(10), 50, 0}, {seconds(20), 7, std::nullopt}};
      arrival.users_max = 10;
      arrival.spacing = poisson ? Arrival::Spacing::kPoisson : Arrival::Spacing::kEven;
      LoadProfile load;
      load.load = arrival;
      const Profile profile = ProfileOf(load);
      Arrivals skipped(&profile, 5, All);
      Arrivals taken(&profile, 5, All);
      skipped.SkipTo(until);
      while (taken.Next() != nullptr && taken.Next()->at < until) {
        taken.Take();
      }
      for (int i = 0; i < 20 && taken.Next() != nullptr; ++i) {
        ASSERT_NE(skipped.Next(), nullptr);
        EXPECT_EQ(skipped.Next()->number, taken.Next()->number);
        EXPECT_EQ(skipped.Next()->at, taken.Next()->at);
        skipped.Take();
        taken.Take();
      }
    }
  }
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
