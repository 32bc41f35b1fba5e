#include "daemon/plan/class_mix.h"

#include <cmath>
#include <limits>
#include <map>

#include <gtest/gtest.h>

namespace squall {
namespace {

std::vector<UserClass> Weights(const std::vector<double>& weights) {
  std::vector<UserClass> classes(weights.size());
  for (size_t i = 0; i < weights.size(); ++i) {
    classes[i].weight = weights[i];
  }
  return classes;
}

std::vector<size_t> First(const ClassMix& mix, uint64_t count) {
  std::vector<size_t> classes;
  for (uint64_t number = 0; number < count; ++number) {
    classes.push_back(mix.ClassOf(number));
  }
  return classes;
}

std::map<size_t, int> CountFirst(const ClassMix& mix, uint64_t count) {
  std::map<size_t, int> counts;
  for (size_t index : First(mix, count)) {
    ++counts[index];
  }
  return counts;
}

TEST(ClassMixTest, TheWeightsAreInterleavedSmoothly) {
  const ClassMix mix(Weights({5, 1, 1}));
  EXPECT_EQ(First(mix, 7), (std::vector<size_t>{0, 0, 1, 0, 2, 0, 0}));
}

TEST(ClassMixTest, EveryPeriodHoldsTheExactWeights) {
  const ClassMix mix(Weights({10, 7, 8, 5, 1}));  // the seed's scenario weights
  for (int periods = 1; periods <= 20; ++periods) {
    const std::map<size_t, int> counts =
        CountFirst(mix, uint64_t{31} * static_cast<uint64_t>(periods));
    EXPECT_EQ(counts, (std::map<size_t, int>{{0, 10 * periods},
                                             {1, 7 * periods},
                                             {2, 8 * periods},
                                             {3, 5 * periods},
                                             {4, 1 * periods}}));
  }
}

TEST(ClassMixTest, EveryPrefixIsCloseToTheWeights) {
  const std::vector<double> weights{10, 7, 8, 5, 1};
  const ClassMix mix(Weights(weights));
  std::vector<double> counts(weights.size());
  for (uint64_t number = 0; number < 2000; ++number) {
    ++counts[mix.ClassOf(number)];
    for (size_t i = 0; i < weights.size(); ++i) {
      const double ideal = weights[i] / 31 * static_cast<double>(number + 1);
      ASSERT_LE(std::abs(counts[i] - ideal), number < 31 ? 1.0 : 2.0) << number;
    }
  }
}

TEST(ClassMixTest, EveryAgentSeesEveryClass) {
  // Agent i of n runs the numbers i mod n; n and the period share a factor.
  for (uint64_t agents : {2, 3, 4, 6, 8}) {
    const ClassMix mix(Weights({1, 1, 2}));
    for (uint64_t agent = 0; agent < agents; ++agent) {
      std::vector<int> counts(3);
      for (uint64_t number = agent; number < 400 * agents; number += agents) {
        ++counts[mix.ClassOf(number)];
      }
      EXPECT_NEAR(counts[0], 100, 30) << agent << " of " << agents;
      EXPECT_NEAR(counts[2], 200, 40) << agent << " of " << agents;
    }
  }
}

struct RatioRow {
  const char* what;
  std::vector<double> weights;
  uint64_t numbers;
  std::map<size_t, int> counts;
};

TEST(ClassMixTest, WeightsBecomeWholeShares) {
  const RatioRow rows[] = {
      {"one class", {3}, 10, {{0, 10}}},
      {"a common factor", {300, 100}, 4, {{0, 3}, {1, 1}}},
      {"fractions", {0.5, 0.25}, 3, {{0, 2}, {1, 1}}},
      {"decimal fractions", {10, 7.5, 2.5}, 8, {{0, 4}, {1, 3}, {2, 1}}},
      {"tenths", {0.1, 0.2, 0.7}, 10, {{0, 1}, {1, 2}, {2, 7}}},
      {"a weight of 0 never occurs", {1, 0, 1}, 100, {{0, 50}, {2, 50}}},
      {"thirds", {1.0 / 3, 2.0 / 3}, 3, {{0, 1}, {1, 2}}},
      {"huge weights", {2e300, 1e300}, 3, {{0, 2}, {1, 1}}},
      {"tiny weights", {2e-300, 1e-300}, 3, {{0, 2}, {1, 1}}},
  };
  for (const RatioRow& row : rows) {
    EXPECT_EQ(CountFirst(ClassMix(Weights(row.weights)), row.numbers), row.counts) << row.what;
  }
}

TEST(ClassMixTest, IrrationalWeightsAreRoundedToTheLongestPeriod) {
  const ClassMix mix(Weights({std::sqrt(2.0), 1}));
  EXPECT_NEAR(CountFirst(mix, 10'000)[0], 5858, 1);
}

TEST(ClassMixTest, ARareClassStillOccurs) {
  const ClassMix mix(Weights({1e12, 1}));
  EXPECT_EQ(CountFirst(mix, 10'001)[1], 1);
}

TEST(ClassMixTest, FixedCountsComeFirstAndThenTheWeights) {
  std::vector<UserClass> classes = Weights({3, 5, 1});
  classes[1].fixed_count = 2;
  const ClassMix mix(classes);
  EXPECT_EQ(First(mix, 6), (std::vector<size_t>{1, 1, 0, 0, 2, 0}));
  EXPECT_EQ(CountFirst(mix, 2002)[1], 2);
  EXPECT_EQ(mix.UsersMax(), std::nullopt);
}

TEST(ClassMixTest, AFixedCountOfZeroNeverOccurs) {
  std::vector<UserClass> classes = Weights({1, 1});
  classes[0].fixed_count = 0;
  EXPECT_EQ(CountFirst(ClassMix(classes), 100)[1], 100);
}

TEST(ClassMixTest, FixedClassesAloneRepeatInProportionWhenMoreUsersAreAskedFor) {
  std::vector<UserClass> classes = Weights({1, 1});
  classes[0].fixed_count = 3;
  classes[1].fixed_count = 1;
  const ClassMix mix(classes);
  EXPECT_EQ(mix.UsersMax(), 4u);
  EXPECT_EQ(First(mix, 4), (std::vector<size_t>{0, 0, 0, 1}));
  EXPECT_EQ(CountFirst(mix, 404), (std::map<size_t, int>{{0, 303}, {1, 101}}));
}

TEST(ClassMixTest, TheLargestNumbersHaveAClass) {
  EXPECT_LT(ClassMix(Weights({1, 2, 3})).ClassOf(std::numeric_limits<uint64_t>::max()), 3u);
}

TEST(ClassMixTest, WithoutAnyPossibleClassThereIsABug) {
  EXPECT_DEATH(ClassMix({}), "check failed");
  EXPECT_DEATH(ClassMix(Weights({0, 0})), "check failed");
}

}  // namespace
}  // namespace squall
