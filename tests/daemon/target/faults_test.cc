#include "daemon/target/faults.h"

#include <gtest/gtest.h>

namespace squall {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(ParseLatencyTest, ReadsOneTimeOrARange) {
  EXPECT_EQ(*ParseLatency("5ms"), (LatencyRange{milliseconds(5), milliseconds(5)}));
  EXPECT_EQ(*ParseLatency("5ms..20ms"), (LatencyRange{milliseconds(5), milliseconds(20)}));
  EXPECT_EQ(*ParseLatency("0"), LatencyRange());
}

TEST(ParseLatencyTest, RefusesTheRest) {
  for (const char* text : {"", "..", "5ms..", "..5ms", "20ms..5ms", "5ms...20ms", "-5ms"}) {
    EXPECT_FALSE(ParseLatency(text).ok()) << text;
  }
}

TEST(ParseStallTest, ReadsAfterAndFor) {
  EXPECT_EQ(*ParseStall("5s,2s"), (StallPlan{seconds(5), seconds(2)}));
  for (const char* text : {"", "5s", "5s,", ",2s", "5s,2s,1s", "5s 2s"}) {
    EXPECT_FALSE(ParseStall(text).ok()) << text;
  }
}

TEST(FaultDiceTest, WithoutFaultsEveryAnswerIsPromptAndRight) {
  FaultDice dice({}, 0, 1);
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(dice.Roll(), FaultDecision());
  }
}

TEST(FaultDiceTest, LatencyIsSpreadOverTheRange) {
  FaultDice dice({milliseconds(5), milliseconds(20)}, 0, 7);
  Nanos sum{0};
  for (int i = 0; i < 10'000; ++i) {
    const Nanos latency = dice.Roll().latency;
    ASSERT_GE(latency, milliseconds(5));
    ASSERT_LE(latency, milliseconds(20));
    sum += latency;
  }
  EXPECT_NEAR(static_cast<double>((sum / 10'000).count()), 12.5e6, 0.2e6);
}

TEST(FaultDiceTest, ErrorsComeAtTheRateAsked) {
  FaultDice dice({}, 0.25, 7);
  int errors = 0;
  for (int i = 0; i < 10'000; ++i) {
    errors += dice.Roll().error ? 1 : 0;
  }
  EXPECT_NEAR(errors, 2500, 150);
  FaultDice always({}, 1, 7);
  EXPECT_TRUE(always.Roll().error);
}

TEST(FaultDiceTest, TheSameSeedGivesTheSameStream) {
  FaultDice one({milliseconds(1), milliseconds(9)}, 0.5, 42);
  FaultDice two({milliseconds(1), milliseconds(9)}, 0.5, 42);
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(one.Roll(), two.Roll());
  }
}

TEST(StallSwitchTest, ThePlannedStallHoldsAnswersOnce) {
  const TimePoint start(seconds(100));
  const StallSwitch stall(start, {seconds(5), seconds(2)});
  EXPECT_EQ(stall.ReleaseTime(start), start);
  EXPECT_EQ(stall.ReleaseTime(start + milliseconds(4999)), start + milliseconds(4999));
  EXPECT_EQ(stall.ReleaseTime(start + seconds(5)), start + seconds(7));
  EXPECT_EQ(stall.ReleaseTime(start + milliseconds(6999)), start + seconds(7));
  EXPECT_EQ(stall.ReleaseTime(start + seconds(7)), start + seconds(7));
  EXPECT_EQ(stall.ReleaseTime(start + seconds(12)), start + seconds(12));
}

TEST(StallSwitchTest, AStallThatIsAskedForHoldsAnswersToo) {
  const TimePoint start(seconds(100));
  StallSwitch stall(start, {});
  stall.StallUntil(start + seconds(3));
  stall.StallUntil(start + seconds(2));  // the later end wins
  EXPECT_EQ(stall.ReleaseTime(start + seconds(1)), start + seconds(3));
  EXPECT_EQ(stall.ReleaseTime(start + seconds(4)), start + seconds(4));
}

TEST(StallSwitchTest, AnAskedStallThatEndsInsideThePlannedOneIsProlongedByIt) {
  const TimePoint start(seconds(100));
  StallSwitch stall(start, {seconds(5), seconds(2)});
  stall.StallUntil(start + seconds(6));
  EXPECT_EQ(stall.ReleaseTime(start + seconds(4)), start + seconds(7));
}

}  // namespace
}  // namespace squall
