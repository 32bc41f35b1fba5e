#include "daemon/plan/assignment.h"

#include <algorithm>
#include <optional>

#include <gtest/gtest.h>

#include "daemon/base/rng.h"

namespace squall {
namespace {

constexpr uint64_t kNumbers = 5000;

std::vector<Assignment> Fleet(uint64_t count) {
  std::vector<Assignment> fleet;
  for (uint64_t i = 0; i < count; ++i) {
    fleet.push_back(MakeAssignment(i, count, 1));
  }
  return fleet;
}

// The owner of each number; fails the test unless there is exactly one.
std::vector<size_t> Owners(const std::vector<Assignment>& fleet) {
  std::vector<size_t> owners;
  for (uint64_t number = 0; number < kNumbers; ++number) {
    std::optional<size_t> owner;
    for (size_t i = 0; i < fleet.size(); ++i) {
      if (fleet[i].Owns(number)) {
        EXPECT_FALSE(owner.has_value()) << number << " is owned by " << *owner << " and " << i;
        owner = i;
      }
    }
    EXPECT_TRUE(owner.has_value()) << number << " is owned by nobody";
    owners.push_back(owner.value_or(0));
  }
  return owners;
}

struct Spread {
  double lowest = 1;
  double highest = 0;
  size_t classes_max = 0;
  size_t present = 0;
};

Spread SpreadOf(const std::vector<Assignment>& fleet) {
  Spread spread;
  for (const Assignment& each : fleet) {
    if (!each.classes.empty()) {
      ++spread.present;
      spread.lowest = std::min(spread.lowest, each.Fraction());
      spread.highest = std::max(spread.highest, each.Fraction());
      spread.classes_max = std::max(spread.classes_max, each.classes.size());
    }
  }
  return spread;
}

TEST(AssignmentTest, ShareCountsTheOwnedNumbersBelowTheCount) {
  const Assignment assignment{.epoch = 1, .classes = {{1, 3}, {5, 6}}};
  uint64_t owned = 0;
  for (uint64_t count = 0; count < 200; ++count) {
    ASSERT_EQ(assignment.Share(count), owned) << count;
    owned += assignment.Owns(count) ? 1 : 0;
  }
  EXPECT_EQ(Assignment{}.Share(1000), 0u);
  EXPECT_FALSE(Assignment{}.Owns(0));
}

TEST(AssignmentTest, SharesOfAFleetAddUpAtEveryCount) {
  for (uint64_t agents : {1, 2, 3, 7, 64}) {
    const std::vector<Assignment> fleet = Fleet(agents);
    for (uint64_t count : {0ull, 1ull, 5ull, 63ull, 64ull, 65ull, 1000ull, 18'000'000'000'000ull}) {
      uint64_t sum = 0;
      for (const Assignment& each : fleet) {
        sum += each.Share(count);
      }
      EXPECT_EQ(sum, count) << agents;
    }
  }
}

TEST(AssignmentTest, TheLargestNumbersDoNotOverflow) {
  const uint64_t top = UINT64_MAX;
  EXPECT_EQ(MakeAssignment(0, 1, 1).Share(top), top);
  EXPECT_EQ(MakeAssignment(0, 2, 1).Share(top), top / 2 + 1);
  EXPECT_EQ(MakeAssignment(1, 2, 1).Share(top), top / 2);
  EXPECT_TRUE(MakeAssignment(1, 2, 1).Owns(top));
}

TEST(AssignmentTest, AnIndexBeyondTheCountIsABug) {
  EXPECT_DEATH(MakeAssignment(3, 3, 1), "check failed");
}

TEST(RedistributeLostTest, EachSurvivorAddsOneSubClass) {
  const auto fleet = RedistributeLost(Fleet(4), 1, 9);
  ASSERT_TRUE(fleet.ok());
  const std::vector<ResidueClass> first{{0, 4}, {1, 12}};
  const std::vector<ResidueClass> third{{2, 4}, {5, 12}};
  const std::vector<ResidueClass> fourth{{3, 4}, {9, 12}};
  EXPECT_EQ((*fleet)[0].classes, first);
  EXPECT_TRUE((*fleet)[1].classes.empty());
  EXPECT_EQ((*fleet)[2].classes, third);
  EXPECT_EQ((*fleet)[3].classes, fourth);
  for (const Assignment& each : *fleet) {
    EXPECT_EQ(each.epoch, 9u);
  }
}

TEST(RedistributeLostTest, InALargeFleetSomeTakeALittleMore) {
  const std::vector<Assignment> fleet = RedistributeLost(Fleet(100), 42, 2).value();
  Owners(fleet);
  const Spread spread = SpreadOf(fleet);
  EXPECT_EQ(spread.present, 99u);
  EXPECT_LE(spread.highest / spread.lowest, 1.05);
  EXPECT_EQ(spread.classes_max, 2u);
}

TEST(RedistributeLostTest, TheLastSurvivorEndsWithEverythingInOneClass) {
  std::vector<Assignment> fleet = Fleet(6);
  for (size_t lost : {5, 0, 3, 1, 2}) {
    fleet = RedistributeLost(fleet, lost, 2).value();
  }
  EXPECT_EQ(fleet[4].classes, (std::vector<ResidueClass>{{0, 1}}));
}

TEST(RedistributeLostTest, WithoutASurvivorThereIsAnError) {
  const auto result = RedistributeLost(Fleet(1), 0, 2);
  EXPECT_EQ(result.status().code(), absl::StatusCode::kFailedPrecondition);
  // Agents that were lost before are no survivors.
  const auto twice = RedistributeLost(RedistributeLost(Fleet(2), 0, 2).value(), 1, 3);
  EXPECT_EQ(twice.status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST(RedistributeLostTest, LosingAnAgentThatOwnsNothingChangesOnlyTheEpoch) {
  const std::vector<Assignment> before = RedistributeLost(Fleet(3), 0, 2).value();
  std::vector<Assignment> after = RedistributeLost(before, 0, 3).value();
  for (Assignment& each : after) {
    EXPECT_EQ(each.epoch, 3u);
    each.epoch = 2;
  }
  EXPECT_EQ(after, before);
}

TEST(AdmitNewTest, TheFirstAgentGetsEverything) {
  const std::vector<Assignment> fleet = AdmitNew({}, 1);
  ASSERT_EQ(fleet.size(), 1u);
  EXPECT_EQ(fleet[0], MakeAssignment(0, 1, 1));
}

TEST(AdmitNewTest, JoiningOneAfterAnotherKeepsEqualSharesAndShortLists) {
  std::vector<Assignment> fleet;
  for (size_t size = 1; size <= 100; ++size) {
    fleet = AdmitNew(fleet, size);
    const Spread spread = SpreadOf(fleet);
    ASSERT_EQ(spread.present, size);
    EXPECT_LE(spread.highest / spread.lowest, 1.1) << size;
    EXPECT_LE(spread.classes_max, 100u) << size;
  }
  Owners(fleet);
}

TEST(AdmitNewTest, OnlyTheNewcomerGainsNumbers) {
  const std::vector<Assignment> before = Fleet(5);
  const std::vector<Assignment> after = AdmitNew(before, 2);
  const std::vector<size_t> old_owners = Owners(before);
  const std::vector<size_t> new_owners = Owners(after);
  for (uint64_t number = 0; number < kNumbers; ++number) {
    ASSERT_TRUE(new_owners[number] == old_owners[number] || new_owners[number] == 5) << number;
  }
  EXPECT_NEAR(after[5].Fraction(), 1.0 / 6, 1e-12);
}

// Random losses and joins: the classes stay a partition, a loss moves only the numbers of the lost
// agent, a join only those of the new one, and neither shares nor lists run away.
TEST(AssignmentTest, AnyHistoryOfMembersKeepsThePartition) {
  for (uint64_t seed = 1; seed <= 12; ++seed) {
    SCOPED_TRACE(seed);
    Rng rng(seed);
    std::vector<Assignment> fleet = Fleet(1 + rng.Below(6));
    std::vector<size_t> owners = Owners(fleet);
    for (uint64_t epoch = 2; epoch < 40; ++epoch) {
      const size_t present = SpreadOf(fleet).present;
      std::optional<size_t> lost;
      if (present > 1 && (present >= 12 || rng.Below(2) == 0)) {
        do {
          lost = rng.Below(fleet.size());
        } while (fleet[*lost].classes.empty());
      }
      fleet = lost ? RedistributeLost(fleet, *lost, epoch).value() : AdmitNew(fleet, epoch);
      const std::vector<size_t> now = Owners(fleet);
      for (uint64_t number = 0; number < kNumbers; ++number) {
        const bool may_move = lost ? owners[number] == *lost : now[number] == fleet.size() - 1;
        ASSERT_TRUE(now[number] == owners[number] || may_move) << number << " at epoch " << epoch;
      }
      owners = now;
      const Spread spread = SpreadOf(fleet);
      ASSERT_LE(spread.highest / spread.lowest, 1.1) << "epoch " << epoch;
      ASSERT_LE(spread.classes_max, 160u) << "epoch " << epoch;
    }
  }
}

TEST(ShardOfTest, EveryResidueClassIsSpreadEvenly) {
  for (uint32_t shards = 2; shards <= 8; ++shards) {
    for (uint64_t modulus = 1; modulus <= 20; ++modulus) {
      for (uint64_t residue = 0; residue < modulus; ++residue) {
        std::vector<int> counts(shards);
        for (uint64_t j = 0; j < 1000; ++j) {
          ++counts[ShardOf(residue + modulus * j, shards)];
        }
        const auto [low, high] = std::minmax_element(counts.begin(), counts.end());
        // The worst are Fibonacci numbers; a random hash is often near 40.
        ASSERT_LE(*high - *low, modulus <= 12 ? 12 : 20)
            << residue << " mod " << modulus << " on " << shards;
      }
    }
  }
}

TEST(ShardOfTest, OneShardGetsAllAndTheResultIsInRange) {
  for (uint64_t number : {uint64_t{0}, uint64_t{1}, uint64_t{UINT64_MAX}}) {
    EXPECT_EQ(ShardOf(number, 1), 0u);
    EXPECT_LT(ShardOf(number, 7), 7u);
  }
}

}  // namespace
}  // namespace squall
