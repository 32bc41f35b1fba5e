#include "daemon/stats/series.h"

#include <gtest/gtest.h>

#include "daemon/base/rng.h"
#include "daemon/stats/recorder.h"

namespace squall {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr WallTime kStart{seconds(1'700'000'000)};

// A run whose requests and clock the test moves by hand.
class FakeRun {
 public:
  void Finish(int count, Nanos response, bool ok = true, RunPhase phase = RunPhase::kMeasured) {
    Sample sample;
    sample.entry = recorder_.Intern("GET", "/a");
    sample.phase = phase;
    sample.ok = ok;
    sample.service = milliseconds(1);
    sample.response = response;
    for (int i = 0; i < count; ++i) {
      recorder_.Record(sample, kStart);
    }
  }

  Snapshot At(Nanos elapsed) const {
    Snapshot snapshot;
    snapshot.elapsed = elapsed;
    snapshot.users = {{"Buyer", static_cast<uint64_t>(elapsed / seconds(1))}};
    recorder_.Fill(&snapshot);
    return snapshot;
  }

 private:
  Recorder recorder_;
};

uint64_t RequestsOf(const Series& series) {
  uint64_t total = 0;
  for (const SeriesPoint& point : series.points()) {
    total += point.requests;
  }
  return total;
}

void ExpectNoHoles(const Series& series, Nanos end) {
  Nanos next{0};
  for (const SeriesPoint& point : series.points()) {
    EXPECT_EQ(point.start, next);
    next = point.start + point.length;
  }
  EXPECT_EQ(next, end);
}

TEST(SeriesTest, EachPointHoldsTheDifferenceToTheOneBefore) {
  FakeRun run;
  Series series;
  run.Finish(10, milliseconds(20));
  series.Add(run.At(seconds(1)));
  run.Finish(4, milliseconds(300));
  run.Finish(1, milliseconds(300), false);
  series.Add(run.At(seconds(2)));
  ASSERT_EQ(series.points().size(), 2U);
  const SeriesPoint& first = series.points()[0];
  EXPECT_EQ(first.start, seconds(0));
  EXPECT_EQ(first.length, seconds(1));
  EXPECT_EQ(first.requests, 10U);
  EXPECT_EQ(first.failures, 0U);
  EXPECT_EQ(first.response_p99, milliseconds(20));
  const SeriesPoint& second = series.points()[1];
  EXPECT_EQ(second.requests, 5U);
  EXPECT_EQ(second.failures, 1U);
  EXPECT_EQ(second.users, 2U);
  EXPECT_NEAR(static_cast<double>(second.response_p50.count()), 300e6, 1.5e6);
  EXPECT_NEAR(static_cast<double>(second.service_p95.count()), 1e6, 5e3);
}

TEST(SeriesTest, WarmUpAndCoolDownArePartOfTheTimeLine) {
  FakeRun run;
  Series series;
  run.Finish(3, milliseconds(1), true, RunPhase::kWarmUp);
  series.Add(run.At(seconds(1)));
  run.Finish(4, milliseconds(1), true, RunPhase::kCoolDown);
  series.Add(run.At(seconds(2)));
  EXPECT_EQ(series.points()[0].requests, 3U);
  EXPECT_EQ(series.points()[1].requests, 4U);
}

TEST(SeriesTest, ASecondWithoutRequestsIsAPointOfZeros) {
  FakeRun run;
  Series series;
  run.Finish(3, milliseconds(1));
  series.Add(run.At(seconds(1)));
  series.Add(run.At(seconds(2)));
  EXPECT_EQ(series.points()[1].requests, 0U);
  EXPECT_EQ(series.points()[1].response_p99, Nanos(0));
}

TEST(SeriesTest, SnapshotsInsideAStepAddToItsPoint) {
  FakeRun run;
  Series series;
  for (int tick = 1; tick <= 23; ++tick) {
    run.Finish(2, milliseconds(5));
    series.Add(run.At(tick * milliseconds(100)));
  }
  EXPECT_LE(series.points().size(), 3U);
  EXPECT_EQ(RequestsOf(series), 46U) << "the last point is up to date before its step is over";
  ExpectNoHoles(series, milliseconds(2300));
}

TEST(SeriesTest, SnapshotsALittleEarlyOrLateStillMakeAPointEach) {
  FakeRun run;
  Series series;
  for (const int millis : {1003, 1996, 3001, 3999, 5002}) {
    series.Add(run.At(milliseconds(millis)));
  }
  EXPECT_EQ(series.points().size(), 5U);
}

TEST(SeriesTest, OldSnapshotsAreIgnoredAndRepeatedOnesChangeNothing) {
  FakeRun run;
  Series series;
  run.Finish(3, milliseconds(1));
  const Snapshot old = run.At(seconds(1));
  series.Add(old);
  run.Finish(3, milliseconds(1));
  const Snapshot newest = run.At(seconds(2));
  series.Add(newest);
  const std::vector<SeriesPoint> before = series.points();
  series.Add(newest);
  series.Add(old);
  series.Add(Snapshot{});
  ASSERT_EQ(series.points().size(), before.size());
  EXPECT_EQ(series.points().back().requests, before.back().requests);
  EXPECT_EQ(RequestsOf(series), 6U);
}

TEST(SeriesTest, AnotherAgentsLastWordAtTheSameTimeIsNotLost) {
  FakeRun run;
  Series series;
  run.Finish(3, milliseconds(1));
  series.Add(run.At(seconds(1)));
  run.Finish(2, milliseconds(1));
  series.Add(run.At(seconds(1)));
  EXPECT_EQ(RequestsOf(series), 5U);
}

TEST(SeriesTest, ThinningKeepsMemoryBoundedAndEveryRequest) {
  const uint64_t seed = 11;
  Rng rng(seed);
  for (const size_t points_max : {0, 2, 7, 60}) {
    FakeRun run;
    Series series(points_max);
    Nanos elapsed{0};
    uint64_t finished = 0;
    for (int i = 0; i < 1'000; ++i) {
      const int count = static_cast<int>(rng.Below(3));
      finished += count;
      run.Finish(count, milliseconds(10));
      elapsed += milliseconds(rng.Between(50, 1'950));
      series.Add(run.At(elapsed));
      ASSERT_LE(series.points().size(), std::max<size_t>(points_max, 2) + 1);
      ASSERT_EQ(RequestsOf(series), finished);
    }
    ExpectNoHoles(series, elapsed);
    EXPECT_GE(series.points().size(), points_max / 4) << "thinned too much";
  }
}

TEST(SeriesTest, ThinningKeepsSpikes) {
  FakeRun run;
  Series series(4);
  for (int second = 1; second <= 40; ++second) {
    run.Finish(10, second == 7 ? seconds(3) : milliseconds(10));
    series.Add(run.At(seconds(second)));
  }
  Nanos highest{0};
  for (const SeriesPoint& point : series.points()) {
    highest = std::max(highest, point.response_p99);
  }
  EXPECT_GE(highest, milliseconds(2980));
}

TEST(SeriesTest, TheCurrentRateCoversTheWindow) {
  FakeRun run;
  Series series;
  EXPECT_EQ(series.CurrentRequestRate(seconds(10)), 0);
  for (int second = 1; second <= 30; ++second) {
    run.Finish(second <= 20 ? 100 : 8, milliseconds(1));
    run.Finish(second <= 20 ? 0 : 2, milliseconds(1), false);
    series.Add(run.At(seconds(second)));
  }
  EXPECT_DOUBLE_EQ(series.CurrentRequestRate(seconds(10)), 10);
  EXPECT_DOUBLE_EQ(series.CurrentFailureRate(seconds(10)), 2);
  EXPECT_DOUBLE_EQ(series.CurrentRequestRate(seconds(20)), 55);
}

TEST(SeriesTest, TheFirstSecondsAreDividedByTheirOwnLength) {
  FakeRun run;
  Series series;
  run.Finish(50, milliseconds(1));
  series.Add(run.At(milliseconds(500)));
  EXPECT_DOUBLE_EQ(series.CurrentRequestRate(seconds(10)), 100);
}

TEST(SeriesTest, TheCurrentRateFallsToZeroWhenTheTargetHangs) {
  FakeRun run;
  Series series;
  double lowest = 1e9;
  for (int tick = 1; tick <= 60; ++tick) {
    const bool hangs = tick > 30 && tick <= 50;
    run.Finish(hangs ? 0 : 10, milliseconds(1));
    series.Add(run.At(tick * milliseconds(100)));
    lowest = std::min(lowest, series.CurrentRequestRate(seconds(1)));
    if (tick == 41) {
      EXPECT_EQ(series.CurrentRequestRate(seconds(1)), 0);
    }
  }
  EXPECT_EQ(lowest, 0);
  EXPECT_DOUBLE_EQ(series.CurrentRequestRate(seconds(1)), 100) << "and comes back";
}

TEST(SeriesTest, TheCurrentRateStaysFineAfterThinning) {
  FakeRun run;
  Series series(2);
  for (int second = 1; second <= 300; ++second) {
    run.Finish(second > 290 ? 0 : 10, milliseconds(1));
    series.Add(run.At(seconds(second)));
  }
  EXPECT_EQ(series.CurrentRequestRate(seconds(10)), 0);
  EXPECT_DOUBLE_EQ(series.CurrentRequestRate(seconds(20)), 5);
}

}  // namespace
}  // namespace squall
