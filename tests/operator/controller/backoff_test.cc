#include "operator/controller/backoff.h"

#include <vector>

#include <gtest/gtest.h>

namespace squall {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

BackoffOptions WithoutJitter() {
  BackoffOptions options;
  options.jitter = 0;
  return options;
}

TEST(BackoffTest, DoublesUpToThirtySeconds) {
  Backoff backoff(1, WithoutJitter());
  TimePoint now{};
  std::vector<Nanos> waits;
  for (int i = 0; i < 8; ++i) {
    waits.push_back(backoff.Next(now));
    now += waits.back();
  }
  EXPECT_EQ(waits, (std::vector<Nanos>{milliseconds(800), milliseconds(1600), milliseconds(3200),
                                       milliseconds(6400), milliseconds(12'800),
                                       milliseconds(25'600), seconds(30), seconds(30)}));
}

TEST(BackoffTest, StartsAgainAfterTwoQuietMinutes) {
  Backoff backoff(1, WithoutJitter());
  TimePoint now{};
  backoff.Next(now);
  backoff.Next(now);
  now += minutes(2);
  EXPECT_EQ(backoff.Next(now), milliseconds(3200)) << "not longer than two minutes";
  now += minutes(2) + Nanos(1);
  EXPECT_EQ(backoff.Next(now), milliseconds(800));
}

TEST(BackoffTest, JitterAddsUpToTheWaitItself) {
  Nanos shortest = Nanos::max();
  Nanos longest = Nanos::min();
  for (uint64_t seed = 0; seed < 500; ++seed) {
    const Nanos wait = Backoff(seed).Next(TimePoint());
    shortest = std::min(shortest, wait);
    longest = std::max(longest, wait);
  }
  EXPECT_GE(shortest, milliseconds(800));
  EXPECT_LT(shortest, milliseconds(850));
  EXPECT_LT(longest, milliseconds(1600));
  EXPECT_GT(longest, milliseconds(1550));
}

TEST(BackoffTest, TheLongestWaitIsNoStep) {
  Backoff backoff(1, WithoutJitter());
  EXPECT_EQ(backoff.Longest(), seconds(30));
  EXPECT_EQ(backoff.Next(TimePoint()), milliseconds(800));
}

}  // namespace
}  // namespace squall
