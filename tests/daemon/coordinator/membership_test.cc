#include "daemon/coordinator/membership.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "daemon/base/rng.h"

namespace squall {
namespace {

constexpr uint64_t kNumbers = 500;

bool Moves(const std::vector<ResidueClass>& classes, uint64_t number) {
  return Assignment{0, classes}.Owns(number);
}

std::vector<size_t> Owners(const Membership& members) {
  std::vector<size_t> owners;
  for (uint64_t number = 0; number < kNumbers; ++number) {
    size_t owner = members.size();
    for (size_t i = 0; i < members.size(); ++i) {
      if (members.assignment(i).Owns(number)) {
        EXPECT_EQ(owner, members.size()) << "two own " << number;
        owner = i;
      }
    }
    EXPECT_LT(owner, members.size()) << "nobody owns " << number;
    owners.push_back(owner);
  }
  return owners;
}

TEST(MembershipTest, NothingButWhatMovesChangesHandsThroughLossesAndJoins) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    Rng rng(seed);
    Membership members(3, 1);
    std::vector<bool> present(3, true);
    for (int step = 0; step < 30; ++step) {
      const std::vector<size_t> before = Owners(members);
      const uint64_t epoch = members.epoch();
      const auto count = static_cast<size_t>(std::count(present.begin(), present.end(), true));
      std::vector<ResidueClass> moving;
      if (count < 2 || rng.Below(2) == 0) {
        const size_t added = members.Add();
        present.push_back(true);
        moving = members.Admit(added);
      } else {
        size_t lost = rng.Below(present.size());
        while (!present[lost]) {
          lost = (lost + 1) % present.size();
        }
        present[lost] = false;
        moving = members.Remove(lost);
        EXPECT_TRUE(members.assignment(lost).classes.empty());
      }
      EXPECT_EQ(members.epoch(), epoch + 1);
      const std::vector<size_t> after = Owners(members);
      for (uint64_t number = 0; number < kNumbers; ++number) {
        EXPECT_EQ(Moves(moving, number), before[number] != after[number])
            << "seed " << seed << ", step " << step << ", number " << number;
      }
    }
  }
}

TEST(MembershipTest, WhoComesWhenNobodyIsLeftGetsEverything) {
  Membership members(1, 1);
  EXPECT_TRUE(members.Remove(0).empty());
  const size_t added = members.Add();
  EXPECT_EQ(members.Admit(added), (std::vector<ResidueClass>{{0, 1}}));
}

TEST(MembershipTest, ATermIsOutOfReachOfTheOneBefore) {
  EXPECT_GT(NextTerm(1), 1'000'000U);
  EXPECT_GT(NextTerm(NextTerm(1)), NextTerm(1) + 1'000'000U);
  EXPECT_GT(NextTerm(NextTerm(1) + 5), NextTerm(1) + 5);
}

TEST(MembershipTest, StoredSharesKeepTheirOwnersUnderTheNewEpoch) {
  Membership old(3, 1);
  old.Remove(1);
  std::vector<Assignment> stored;
  for (size_t i = 0; i < old.size(); ++i) {
    stored.push_back(old.assignment(i));
  }
  const Membership members(stored, NextTerm(old.epoch()));
  EXPECT_EQ(Owners(members), Owners(old));
  EXPECT_EQ(members.assignment(0).epoch, members.epoch());
}

}  // namespace
}  // namespace squall
