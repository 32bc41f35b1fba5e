#include "daemon/stats/heat_map.h"

#include <cmath>
#include <numeric>

#include <gtest/gtest.h>

#include "daemon/base/rng.h"

namespace squall {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

uint64_t CountOf(const HeatColumn& column) {
  return std::accumulate(column.counts.begin(), column.counts.end(), uint64_t{0});
}

uint64_t CountOf(const HeatMap& map) {
  uint64_t count = 0;
  for (const HeatColumn& column : map.columns()) {
    count += CountOf(column);
  }
  return count;
}

size_t OnlyRow(const HeatColumn& column) {
  for (size_t row = 0; row < kHeatRows; ++row) {
    if (column.counts[row] > 0) {
      return row;
    }
  }
  return kHeatRows;
}

TEST(HeatMapTest, FourRowsForEachFactorOfTen) {
  EXPECT_EQ(HeatRowBound(0), microseconds(100));
  EXPECT_EQ(HeatRowBound(4), milliseconds(1));
  EXPECT_EQ(HeatRowBound(12), milliseconds(100));
  EXPECT_EQ(HeatRowBound(24), seconds(100));
  EXPECT_EQ(HeatRowBound(25), Nanos::max());
  for (size_t row = 1; row + 1 < kHeatRows; ++row) {
    const double factor = static_cast<double>(HeatRowBound(row).count()) /
                          static_cast<double>(HeatRowBound(row - 1).count());
    EXPECT_NEAR(factor, std::pow(10, 0.25), 1e-4) << row;
  }
}

TEST(HeatMapTest, AValueIsInTheRowThatItsBoundsSay) {
  Rng rng(42);
  for (int i = 0; i < 2'000; ++i) {
    const Nanos value(static_cast<int64_t>(std::pow(10, 3 + 9 * rng.Unit())));
    Histogram times;
    times.Record(value);
    HeatMap map;
    map.Add(seconds(1), times);
    const size_t row = OnlyRow(map.columns().front());
    // To the bucket of the histogram, which is at most 1/128 of the value wide.
    EXPECT_LE(static_cast<double>(value.count()),
              static_cast<double>(HeatRowBound(row).count()) * (1 + 1.0 / 128));
    if (row > 0) {
      EXPECT_GT(value, HeatRowBound(row - 1));
    }
  }
}

TEST(HeatMapTest, TheFirstAndTheLastRowAreOpen) {
  Histogram times;
  times.RecordMany(Nanos(0), 3);
  times.RecordMany(std::chrono::hours(2), 4);
  HeatMap map;
  map.Add(seconds(1), times);
  EXPECT_EQ(map.columns()[0].counts[0], 3U);
  EXPECT_EQ(map.columns()[0].counts[kHeatRows - 1], 4U);
}

TEST(HeatMapTest, EachColumnHoldsWhatFinishedInItsSecond) {
  Histogram times;
  HeatMap map;
  times.RecordMany(milliseconds(20), 10);
  map.Add(seconds(1), times);
  times.RecordMany(milliseconds(20), 4);
  times.RecordMany(seconds(3), 2);
  map.Add(seconds(2), times);
  ASSERT_EQ(map.columns().size(), 2U);
  EXPECT_EQ(CountOf(map.columns()[0]), 10U);
  EXPECT_EQ(CountOf(map.columns()[1]), 6U);
  EXPECT_EQ(map.columns()[1].start, seconds(1));
  EXPECT_EQ(map.columns()[1].length, seconds(1));
}

TEST(HeatMapTest, SnapshotsWithinASecondShareAColumn) {
  Histogram times;
  HeatMap map;
  for (int i = 1; i <= 4; ++i) {
    times.RecordMany(milliseconds(20), 1);
    map.Add(i * milliseconds(250), times);
  }
  ASSERT_EQ(map.columns().size(), 1U);
  EXPECT_EQ(CountOf(map.columns()[0]), 4U);
  EXPECT_EQ(map.columns()[0].length, seconds(1));
}

TEST(HeatMapTest, ManyColumnsAreJoinedAndNothingIsLost) {
  Histogram times;
  HeatMap map(10);
  for (int second = 1; second <= 137; ++second) {
    times.RecordMany(milliseconds(second), static_cast<uint64_t>(second));
    map.Add(seconds(second), times);
    EXPECT_LE(map.columns().size(), 11U);
  }
  EXPECT_EQ(CountOf(map), 137U * 138 / 2);
  Nanos next{0};
  for (const HeatColumn& column : map.columns()) {
    EXPECT_EQ(column.start, next);
    next = column.start + column.length;
  }
  EXPECT_EQ(next, seconds(137));
  EXPECT_GE(map.columns().front().length, seconds(8));
}

TEST(HeatMapTest, AnOlderSnapshotChangesNothing) {
  Histogram times;
  HeatMap map;
  times.RecordMany(milliseconds(20), 5);
  map.Add(seconds(3), times);
  const std::vector<HeatColumn> before = map.columns();
  times.RecordMany(milliseconds(20), 5);
  map.Add(seconds(2), times);
  EXPECT_EQ(map.columns(), before);
}

TEST(HeatMapTest, AgentsThatAreAwayCountNothingTwiceWhenTheyAreBack) {
  Histogram all;
  all.RecordMany(milliseconds(20), 100);
  Histogram few;
  few.RecordMany(milliseconds(20), 40);
  HeatMap map;
  map.Add(seconds(1), all);
  map.Add(seconds(2), few);
  all.RecordMany(milliseconds(20), 7);
  map.Add(seconds(3), all);
  EXPECT_EQ(CountOf(map), 107U);
  ASSERT_EQ(map.columns().size(), 3U);
  EXPECT_EQ(CountOf(map.columns()[1]), 0U);
}

TEST(HeatMapTest, GoesOnFromStoredColumns) {
  Histogram times;
  HeatMap first;
  times.RecordMany(milliseconds(20), 10);
  first.Add(seconds(1), times);
  HeatMap second;
  ASSERT_TRUE(second.Restore(first.columns()).ok());
  times.RecordMany(milliseconds(300), 5);
  second.Add(seconds(9), times);
  ASSERT_EQ(second.columns().size(), 2U);
  EXPECT_EQ(second.columns()[0], first.columns()[0]);
  EXPECT_EQ(CountOf(second.columns()[1]), 5U);
  EXPECT_EQ(second.columns()[1].start, seconds(1));
  EXPECT_EQ(second.columns()[1].length, seconds(8));
}

TEST(HeatMapTest, StoredColumnsThatDoNotAscendAreRefused) {
  HeatMap map;
  EXPECT_EQ(map.Restore({{.start = seconds(5), .length = seconds(1)},
                         {.start = seconds(1), .length = seconds(1)}})
                .code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace squall
