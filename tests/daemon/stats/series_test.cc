#include "daemon/stats/series.h"

#include <gtest/gtest.h>

#include "daemon/base/rng.h"
#include "daemon/stats/recorder.h"
#include "tests/daemon/stats/run_start.h"

namespace squall {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

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

TEST(SeriesTest, AThinnedLineHasTheSameCountsAndNoHoles) {
  std::vector<SeriesPoint> points;
  for (int i = 0; i < 101; ++i) {
    points.push_back({.start = seconds(i), .length = seconds(1), .requests = 3, .failures = 1});
  }
  points[40].response_p99 = seconds(9);
  EXPECT_EQ(Thinned(points, 101), points);
  const std::vector<SeriesPoint> fewer = Thinned(points, 30);
  EXPECT_EQ(fewer.size(), 26U);
  uint64_t requests = 0;
  Nanos next{0};
  Nanos highest{0};
  for (const SeriesPoint& point : fewer) {
    EXPECT_EQ(point.start, next);
    next = point.start + point.length;
    requests += point.requests;
    highest = std::max(highest, point.response_p99);
  }
  EXPECT_EQ(next, seconds(101));
  EXPECT_EQ(requests, 303U);
  EXPECT_EQ(highest, seconds(9));
  EXPECT_EQ(Thinned(points, 1).size(), 1U);
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

TEST(SeriesTest, NoMoreMemoryIsTakenThanPointsNeed) {
  FakeRun run;
  Series series(600);
  for (int second = 1; second <= 3'000; ++second) {
    series.Add(run.At(seconds(second)));
    ASSERT_LE(series.points().capacity(), 602U) << second;
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

// What a store would hold if it asked after every snapshot.
void StoreChanges(Series* series, std::vector<SeriesPoint>* stored) {
  const size_t first = series->TakeFirstChanged();
  ASSERT_LE(first, stored->size()) << "a point in between was never told";
  stored->resize(first);
  stored->insert(stored->end(), series->points().begin() + static_cast<ptrdiff_t>(first),
                 series->points().end());
}

TEST(SeriesTest, AStoreThatFollowsTheChangesHoldsTheSamePoints) {
  FakeRun run;
  Series series(20);
  std::vector<SeriesPoint> stored;
  Rng rng(5);
  Nanos elapsed{0};
  for (int i = 0; i < 300; ++i) {
    run.Finish(2, milliseconds(5));
    elapsed += milliseconds(rng.Between(100, 1'500));
    series.Add(run.At(elapsed));
    if (rng.Below(3) > 0) {
      StoreChanges(&series, &stored);
      ASSERT_EQ(stored, series.points());
    }
  }
  StoreChanges(&series, &stored);
  EXPECT_EQ(series.TakeFirstChanged(), series.points().size()) << "nothing is new";
}

TEST(SeriesTest, ARestoredLineGoesOnWithOneLongPointForTheTimeAway) {
  FakeRun run;
  Series before;
  for (int second = 1; second <= 5; ++second) {
    run.Finish(10, milliseconds(20));
    before.Add(run.At(seconds(second)));
  }
  const Snapshot stored = run.At(seconds(5));

  Series after;
  ASSERT_TRUE(after.Restore(before.points(), stored).ok());
  EXPECT_EQ(after.TakeFirstChanged(), 5U) << "a store knows what it gave";
  run.Finish(40, milliseconds(300));
  run.Finish(2, milliseconds(300), false);
  after.Add(run.At(milliseconds(9'200)));
  run.Finish(7, milliseconds(1));
  after.Add(run.At(milliseconds(10'200)));

  ASSERT_EQ(after.points().size(), 7U);
  EXPECT_EQ(after.TakeFirstChanged(), 5U);
  const SeriesPoint& away = after.points()[5];
  EXPECT_EQ(away.start, seconds(5));
  EXPECT_EQ(away.length, milliseconds(4'200));
  EXPECT_EQ(away.requests, 42U);
  EXPECT_EQ(away.failures, 2U);
  EXPECT_NEAR(static_cast<double>(away.response_p50.count()), 300e6, 1.5e6)
      << "of the time away alone";
  EXPECT_EQ(after.points()[6].requests, 7U);
  EXPECT_EQ(RequestsOf(after), 99U);
  ExpectNoHoles(after, milliseconds(10'200));
  EXPECT_DOUBLE_EQ(after.CurrentRequestRate(seconds(1)), 7);
}

TEST(SeriesTest, AfterARestoreAShortLastPointStaysAsItWas) {
  FakeRun run;
  Series before;
  run.Finish(10, milliseconds(1));
  before.Add(run.At(milliseconds(1'000)));
  run.Finish(4, milliseconds(1));
  before.Add(run.At(milliseconds(1'300)));
  Series after;
  ASSERT_TRUE(after.Restore(before.points(), run.At(milliseconds(1'300))).ok());
  run.Finish(5, milliseconds(1));
  after.Add(run.At(milliseconds(2'300)));
  ASSERT_EQ(after.points().size(), 3U);
  EXPECT_EQ(after.points()[1], before.points()[1]);
  EXPECT_EQ(after.points()[2].requests, 5U);
}

TEST(SeriesTest, ASnapshotThatIsNoYoungerThanTheStoredPointsLosesNothing) {
  FakeRun run;
  Series before;
  run.Finish(10, milliseconds(1));
  before.Add(run.At(seconds(1)));
  Series after;
  ASSERT_TRUE(after.Restore(before.points(), run.At(seconds(1))).ok());
  run.Finish(3, milliseconds(1));
  after.Add(run.At(seconds(1)));
  ASSERT_EQ(after.points().size(), 1U);
  EXPECT_EQ(RequestsOf(after), 13U);
}

TEST(SeriesTest, CountsFollowThePointsHoweverOldTheStoredSnapshotIs) {
  FakeRun run;
  Series before;
  Snapshot old;
  for (int second = 1; second <= 6; ++second) {
    run.Finish(10, milliseconds(20));
    before.Add(run.At(seconds(second)));
    if (second == 2) {
      old = run.At(seconds(2));
    }
  }
  for (const Snapshot& stored : {old, Snapshot{}}) {
    Series after;
    ASSERT_TRUE(after.Restore(before.points(), stored).ok());
    after.Add(run.At(seconds(8)));
    EXPECT_EQ(after.points().back().requests, 0U);
    EXPECT_EQ(RequestsOf(after), 60U);
  }
}

TEST(SeriesTest, AgentsThatComeBackLaterAreNotCountedTwice) {
  FakeRun first;
  FakeRun second;
  first.Finish(100, milliseconds(1));
  second.Finish(50, milliseconds(1));
  const auto merged = [&](Nanos elapsed) {
    const Snapshot a = first.At(elapsed);
    const Snapshot b = second.At(elapsed);
    return MergeSnapshots({&a, &b});
  };
  Series before;
  before.Add(merged(seconds(1)));
  Series after;
  ASSERT_TRUE(after.Restore(before.points(), merged(seconds(1))).ok());
  first.Finish(3, milliseconds(1));
  second.Finish(4, milliseconds(1));
  after.Add(first.At(seconds(3)));  // nothing has been heard of the second one yet
  EXPECT_EQ(after.points().back().requests, 0U);
  after.Add(merged(seconds(4)));
  EXPECT_EQ(after.points().back().requests, 7U);
  EXPECT_EQ(RequestsOf(after), 157U);
}

TEST(SeriesTest, ARestoredLineKeepsItsStep) {
  FakeRun run;
  Series before(20);
  for (int second = 1; second <= 250; ++second) {
    run.Finish(1, milliseconds(1));
    before.Add(run.At(seconds(second)));
  }
  const Nanos step = before.points().front().length;
  ASSERT_EQ(step, seconds(16));
  Series after(20);
  ASSERT_TRUE(after.Restore(before.points(), run.At(seconds(250))).ok());
  for (int second = 251; second <= 300; ++second) {
    run.Finish(1, milliseconds(1));
    after.Add(run.At(seconds(second)));
  }
  EXPECT_EQ(after.points().size(), before.points().size() + 4U);
  EXPECT_EQ(RequestsOf(after), 300U);
}

TEST(SeriesTest, MorePointsThanFitAreThinnedWhenTheyComeBack) {
  FakeRun run;
  Series before(100);
  for (int second = 1; second <= 90; ++second) {
    run.Finish(1, milliseconds(1));
    before.Add(run.At(seconds(second)));
  }
  Series after(10);
  ASSERT_TRUE(after.Restore(before.points(), run.At(seconds(90))).ok());
  EXPECT_LE(after.points().size(), 11U);
  EXPECT_EQ(after.TakeFirstChanged(), 0U) << "the store has to be told";
  EXPECT_EQ(RequestsOf(after), 90U);
}

TEST(SeriesTest, PointsThatDoNotAscendAreRefused) {
  const SeriesPoint first{.start = seconds(0), .length = seconds(2)};
  const SeriesPoint inside{.start = seconds(1), .length = seconds(1)};
  const SeriesPoint backwards{.start = seconds(2), .length = seconds(-1)};
  Series series;
  EXPECT_EQ(series.Restore({first, inside}, Snapshot{}).message(),
            "points[1] must start at or after 2s, got 1s, and not end before that");
  EXPECT_FALSE(series.Restore({first, backwards}, Snapshot{}).ok());
  EXPECT_TRUE(series.Restore({}, Snapshot{}).ok());
}

TEST(SeriesTest, TheLineOfANameMayBeginLater) {
  FakeRun run;
  run.Finish(4, milliseconds(1));
  const Snapshot snapshot = run.At(seconds(61));
  const EntryStats* entry = &snapshot.entries.begin()->second;
  Series series(10, seconds(60));
  series.AddEntries(seconds(60), {&entry, 1});
  EXPECT_TRUE(series.points().empty());
  series.AddEntries(seconds(61), {&entry, 1});
  ASSERT_EQ(series.points().size(), 1U);
  EXPECT_EQ(series.points()[0].start, seconds(60));
  EXPECT_EQ(series.points()[0].requests, 4U);
  EXPECT_DOUBLE_EQ(series.CurrentRequestRate(seconds(10)), 4);
}

}  // namespace
}  // namespace squall
