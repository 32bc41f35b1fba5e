#include "daemon/plan/handover.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "daemon/base/rng.h"

namespace squall {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(HandoverTest, NumbersMoveOneByOneAtTheRate) {
  const Handover handover{.moving = {{1, 4}, {2, 8}}, .at = seconds(10), .rate = 4};
  struct {
    const char* what;
    uint64_t number;
    Nanos moves_at;
  } const rows[] = {
      {"the first that moves, at the begin", 1, seconds(10)},
      {"the second, of the other class", 2, milliseconds(10'250)},
      {"the third", 5, milliseconds(10'500)},
      {"one that is not among those that move", 4, seconds(10)},
      {"1, 2, 5, 9, 10, 13 are before it", 17, milliseconds(11'500)},
      {"a quarter and an eighth of a million are before it", 1'000'001, seconds(10 + 93'750)},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(handover.MovesAt(row.number), row.moves_at) << row.what;
  }
  EXPECT_EQ(handover.EndsAt(17), milliseconds(11'500));
}

TEST(HandoverTest, WithoutARateAllMoveAtOnce) {
  const Handover handover{.moving = {{0, 2}}, .at = seconds(3)};
  EXPECT_EQ(handover.MovesAt(0), seconds(3));
  EXPECT_EQ(handover.MovesAt(1'000'000), seconds(3));
  EXPECT_EQ(handover.EndsAt(1'000'000), seconds(3));
}

TEST(HandoverTest, ASlowRateDoesNotOverflow) {
  const Handover handover{.moving = {{0, 1}}, .at = seconds(3), .rate = 1e-6};
  EXPECT_EQ(handover.MovesAt(1'000'000'000), Nanos::max());
}

TEST(OwnershipTest, BelongsToTheOldOwnerUntilItMoves) {
  Ownership donor({1, {{0, 1}}});
  Ownership taker({1, {}});
  const std::vector<ResidueClass> moving = {{1, 2}};
  donor.Add({.after = {2, {{0, 2}}}, .moving = moving, .at = seconds(1), .rate = 10});
  taker.Add({.after = {2, {{1, 2}}}, .moving = moving, .at = seconds(1), .rate = 10});
  EXPECT_TRUE(donor.Owns(3, milliseconds(1'099)));
  EXPECT_FALSE(taker.Owns(3, milliseconds(1'099)));
  EXPECT_FALSE(donor.Owns(3, milliseconds(1'100)));
  EXPECT_TRUE(taker.Owns(3, milliseconds(1'100)));
  EXPECT_EQ(donor.NextMove(3, Nanos(0)), milliseconds(1'100));
  EXPECT_EQ(donor.NextMove(3, milliseconds(1'100)), std::nullopt);
  EXPECT_EQ(donor.NextMove(2, Nanos(0)), std::nullopt) << "stays";
  EXPECT_EQ(donor.Share(10, seconds(0)), 10u);
  EXPECT_EQ(donor.Share(10, milliseconds(1'150)), 8u);
  EXPECT_EQ(taker.Share(10, milliseconds(1'150)), 2u);
  EXPECT_TRUE(donor.Moving(milliseconds(1'150), 10));
  EXPECT_FALSE(donor.Moving(milliseconds(1'500), 10));
  EXPECT_EQ(taker.latest(), (Assignment{2, {{1, 2}}}));
}

TEST(OwnershipTest, TheNextHandoverCompletesTheOneBefore) {
  for (const bool later : {true, false}) {
    SCOPED_TRACE(later ? "it begins while the first goes on" : "it begins before the first does");
    const Nanos second = later ? seconds(2) : milliseconds(500);
    Ownership donor({1, {{0, 1}}});
    donor.Add({.after = {2, {{0, 2}}}, .moving = {{1, 2}}, .at = seconds(1), .rate = 1});
    donor.Add({.after = {3, {{0, 4}}}, .moving = {{2, 4}}, .at = second, .rate = 1});
    EXPECT_EQ(donor.NextMove(1, Nanos(0)), std::min(Nanos(seconds(1)), second));
    EXPECT_EQ(donor.NextMove(99, Nanos(0)), second) << "would have been the fiftieth";
    EXPECT_EQ(donor.NextMove(6, Nanos(0)), second + seconds(1)) << "the second of its own";
    EXPECT_FALSE(donor.Owns(99, second));
    EXPECT_TRUE(donor.Owns(6, second));
  }
}

TEST(OwnershipTest, WhatIsNotNamedMovesWithTheBegin) {
  Ownership agent({1, {{0, 2}}});
  agent.Add({.after = {2, {{0, 1}}}, .at = seconds(1), .rate = 1});
  EXPECT_EQ(agent.NextMove(77, Nanos(0)), seconds(1));
}

TEST(OwnershipTest, AnArrivalBelongsToWhoOwnsItsNumberWhenItIsDue) {
  Ownership agent({1, {{0, 2}}});
  agent.Add({.after = {2, {{0, 1}}}, .moving = {{1, 2}}, .at = seconds(5), .rate = 1});
  agent.Add({.after = {3, {{1, 2}}}, .moving = {{0, 2}}, .at = seconds(9), .rate = 1});
  EXPECT_EQ(agent.AssignmentAt(seconds(5) - Nanos(1)).epoch, 1u);
  EXPECT_EQ(agent.AssignmentAt(seconds(5)).epoch, 2u) << "whatever the rate";
  EXPECT_EQ(agent.AssignmentAt(seconds(9)).epoch, 3u);
}

TEST(OwnershipTest, OnlyTheOutcomeOfOldHandoversIsRemembered) {
  Ownership agent({0, {}});
  for (uint64_t epoch = 1; epoch <= 20; ++epoch) {
    agent.Add({.after = {epoch, {{0, epoch}}}, .at = seconds(epoch)});
  }
  EXPECT_EQ(agent.AssignmentAt(seconds(15)).epoch, 15u);
  EXPECT_EQ(agent.AssignmentAt(seconds(3)).epoch, 12u);
  EXPECT_TRUE(agent.Owns(20, seconds(20)));
}

// A fleet that loses and admits agents, with hand-overs that overlap at random.
class FleetTest : public testing::TestWithParam<uint64_t> {
 protected:
  void Tell(const std::vector<Assignment>& after, const std::vector<ResidueClass>& moving, Nanos at,
            double rate) {
    ownerships_.resize(after.size(), Ownership({0, {}}));
    for (size_t i = 0; i < after.size(); ++i) {
      ownerships_[i].Add({.after = after[i], .moving = moving, .at = at, .rate = rate});
    }
    fleet_ = after;
  }
  void Change(Rng* rng, uint64_t epoch, Nanos at) {
    const double rate = rng->Below(4) == 0 ? 0 : 1 + static_cast<double>(rng->Below(50));
    const size_t lost = rng->Below(fleet_.size());
    if (fleet_.size() > 2 && rng->Below(2) == 0 && !fleet_[lost].classes.empty()) {
      const std::vector<ResidueClass> moving = fleet_[lost].classes;
      // Nobody knows how a lost agent would fare; here it is told, so that the shares add up.
      if (const auto after = RedistributeLost(fleet_, lost, epoch); after.ok()) {
        Tell(*after, moving, at, rate);
      }
    } else {
      const std::vector<Assignment> after = AdmitNew(fleet_, epoch);
      Tell(after, after.back().classes, at, rate);
    }
  }

  std::vector<Assignment> fleet_ = {MakeAssignment(0, 3, 0), MakeAssignment(1, 3, 0),
                                    MakeAssignment(2, 3, 0)};
  std::vector<Ownership> ownerships_ = {Ownership(fleet_[0]), Ownership(fleet_[1]),
                                        Ownership(fleet_[2])};
};

TEST_P(FleetTest, EveryNumberHasOneOwnerAtEveryInstant) {
  constexpr uint64_t kNumbers = 200;
  Rng rng(GetParam());
  for (uint64_t epoch = 1; epoch <= 6; ++epoch) {
    Change(&rng, epoch, milliseconds(1'000 * epoch + rng.Below(1'500)));
  }
  for (Nanos now{0}; now < seconds(20); now += milliseconds(37)) {
    std::vector<int> owners(kNumbers);
    uint64_t sum = 0;
    for (const Ownership& each : ownerships_) {
      uint64_t share = 0;
      for (uint64_t number = 0; number < kNumbers; ++number) {
        owners[number] += each.Owns(number, now) ? 1 : 0;
        share += each.Owns(number, now) ? 1 : 0;
      }
      ASSERT_EQ(each.Share(kNumbers, now), share) << now.count();
      sum += share;
    }
    ASSERT_EQ(owners, std::vector<int>(kNumbers, 1))
        << "seed " << GetParam() << ", " << now.count();
    ASSERT_EQ(sum, kNumbers);
  }
}

TEST_P(FleetTest, NextMoveIsWhereOwnsChanges) {
  Rng rng(GetParam());
  for (uint64_t epoch = 1; epoch <= 6; ++epoch) {
    Change(&rng, epoch, milliseconds(1'000 * epoch + rng.Below(1'500)));
  }
  for (const Ownership& each : ownerships_) {
    for (uint64_t number = 0; number < 60; ++number) {
      Nanos now{0};
      for (auto next = each.NextMove(number, now); next; next = each.NextMove(number, now)) {
        ASSERT_GT(*next, now);
        const bool before = each.Owns(number, now);
        EXPECT_EQ(each.Owns(number, now + (*next - now) / 2), before) << "seed " << GetParam();
        EXPECT_EQ(each.Owns(number, *next - Nanos(1)), before);
        EXPECT_NE(each.Owns(number, *next), before);
        now = *next;
      }
      EXPECT_EQ(each.Owns(number, now), each.latest().Owns(number));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, FleetTest, testing::Range<uint64_t>(1, 21));

}  // namespace
}  // namespace squall
