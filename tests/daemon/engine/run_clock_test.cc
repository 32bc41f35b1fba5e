#include "daemon/engine/run_clock.h"

#include <gtest/gtest.h>

namespace squall {
namespace {

using std::chrono::seconds;

TimePoint At(int64_t second) { return TimePoint(seconds(second)); }

TEST(RunClockTest, RunsFromItsStart) {
  RunClock clock;
  EXPECT_FALSE(clock.started());
  clock.Start(At(100));
  EXPECT_TRUE(clock.started());
  EXPECT_EQ(clock.started_at(), At(100));
  EXPECT_EQ(clock.Elapsed(At(90)), seconds(0)) << "never below 0";
  EXPECT_EQ(clock.Elapsed(At(100)), seconds(0));
  EXPECT_EQ(clock.Elapsed(At(130)), seconds(30));
  EXPECT_EQ(clock.InstantOf(seconds(30)), At(130));
}

TEST(RunClockTest, StandsStillInAPause) {
  RunClock clock;
  clock.Start(At(100));
  clock.Pause(At(110));
  EXPECT_TRUE(clock.paused());
  EXPECT_EQ(clock.Elapsed(At(110)), seconds(10));
  EXPECT_EQ(clock.Elapsed(At(150)), seconds(10));
  clock.Resume(At(160));
  EXPECT_FALSE(clock.paused());
  EXPECT_EQ(clock.Elapsed(At(160)), seconds(10));
  EXPECT_EQ(clock.Elapsed(At(165)), seconds(15));
  EXPECT_EQ(clock.InstantOf(seconds(15)), At(165));
}

TEST(RunClockTest, KnowsTheRunsTimeInThePast) {
  RunClock clock;
  clock.Start(At(0));
  clock.Pause(At(10));
  clock.Resume(At(20));
  clock.Pause(At(30));
  clock.Resume(At(35));
  const struct {
    const char* what;
    int64_t at;
    int64_t elapsed;
  } rows[] = {
      {"before the first pause", 5, 5},
      {"as it begins", 10, 10},
      {"inside it", 14, 10},
      {"as it ends", 20, 10},
      {"between the pauses", 25, 15},
      {"inside the second", 32, 20},
      {"after both", 40, 25},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(clock.Elapsed(At(row.at)), seconds(row.elapsed)) << row.what;
  }
}

TEST(RunClockTest, RepeatingAPauseOrAResumeChangesNothing) {
  RunClock clock;
  clock.Start(At(0));
  clock.Resume(At(1));
  clock.Pause(At(10));
  clock.Pause(At(15));
  clock.Resume(At(20));
  clock.Resume(At(25));
  EXPECT_EQ(clock.Elapsed(At(30)), seconds(20));
}

TEST(RunClockTest, APauseBeforeTheStartHoldsTheRunAtZero) {
  RunClock clock;
  clock.Pause(At(50));
  clock.Start(At(100));
  EXPECT_EQ(clock.Elapsed(At(130)), seconds(0));
  clock.Resume(At(140));
  EXPECT_EQ(clock.Elapsed(At(150)), seconds(10));
  EXPECT_EQ(clock.InstantOf(seconds(0)), At(140));
}

TEST(RunClockTest, APauseThatIsOverBeforeTheStartDoesNotCount) {
  RunClock early;
  early.Pause(At(10));
  early.Resume(At(20));
  early.Start(At(100));
  EXPECT_EQ(early.Elapsed(At(130)), seconds(30));

  RunClock future;
  future.Start(At(100));
  future.Pause(At(50));
  EXPECT_EQ(future.Elapsed(At(60)), seconds(0));
  future.Resume(At(70));
  EXPECT_EQ(future.Elapsed(At(130)), seconds(30));
}

}  // namespace
}  // namespace squall
