#include "daemon/net/receive_clock.h"

#include <gtest/gtest.h>

namespace squall {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class ReceiveClockTest : public testing::Test {
 protected:
  ManualClock clock;
  ReceiveClock arrivals{&clock};
};

TEST_F(ReceiveClockTest, WhatArrivedEarlierIsReportedEarlier) {
  const TimePoint sent = clock.Now();
  clock.Advance(milliseconds(3));
  const WallTime stamp = clock.Wall();
  clock.Advance(milliseconds(50));
  EXPECT_EQ(arrivals.When(stamp, sent, clock.Now()), sent + milliseconds(3));
}

TEST_F(ReceiveClockTest, WithoutAStampItIsNow) {
  EXPECT_EQ(arrivals.When(WallTime{}, clock.Now() - seconds(1), clock.Now()), clock.Now());
}

TEST_F(ReceiveClockTest, AStampThatCannotBeRightIsNotBelieved) {
  const TimePoint sent = clock.Now();
  clock.Advance(milliseconds(10));
  EXPECT_EQ(arrivals.When(clock.Wall() - milliseconds(11), sent, clock.Now()), clock.Now())
      << "before the request was sent";
  EXPECT_EQ(arrivals.When(clock.Wall() + milliseconds(1), sent, clock.Now()), clock.Now())
      << "in the future";
}

}  // namespace
}  // namespace squall
