#include "daemon/stats/histogram.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <string>

#include <gtest/gtest.h>

#include "daemon/base/rng.h"

namespace squall {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr uint64_t kSeed = 20240607;
constexpr double kErrorMax = 0.005;

struct Distribution {
  std::string name;
  std::function<double(Rng*)> draw;  // in nanoseconds
};

double Normal(Rng* rng) {
  const double radius = std::sqrt(-2 * std::log(1 - rng->Unit()));
  return radius * std::cos(2 * M_PI * rng->Unit());
}

std::vector<Distribution> Distributions() {
  return {
      {"uniform", [](Rng* rng) { return 1e3 + rng->Unit() * 3.6e12; }},
      {"exponential", [](Rng* rng) { return -20e6 * std::log(1 - rng->Unit()); }},
      {"lognormal", [](Rng* rng) { return 5e6 * std::exp(1.5 * Normal(rng)); }},
      {"bimodal",
       [](Rng* rng) { return (rng->Unit() < 0.9 ? 2e6 : 900e6) * (1 + 0.05 * Normal(rng)); }},
      {"pareto", [](Rng* rng) { return 1e3 * std::pow(1 - rng->Unit(), -1 / 1.1); }},
  };
}

// Between 1 us and 1 h, the range of the promise.
std::vector<int64_t> Draw(const Distribution& distribution, size_t count) {
  Rng rng(kSeed);
  std::vector<int64_t> values(count);
  for (int64_t& value : values) {
    value = static_cast<int64_t>(std::clamp(distribution.draw(&rng), 1e3, 3.6e12));
  }
  return values;
}

Histogram Recorded(const std::vector<int64_t>& values) {
  Histogram histogram;
  for (const int64_t value : values) {
    histogram.Record(Nanos(value));
  }
  return histogram;
}

bool RestoreFrom(Histogram* histogram, const Histogram& other) {
  return histogram->Restore(other.Buckets(), other.min(), other.max(), other.sum());
}

void ExpectWithin(Nanos actual, int64_t exact, const std::string& what) {
  const double error = std::abs(static_cast<double>(actual.count()) - static_cast<double>(exact));
  EXPECT_LE(error, kErrorMax * static_cast<double>(exact))
      << what << ": " << actual.count() << " instead of " << exact;
}

TEST(HistogramTest, SeveralPercentilesAtOnceAreThoseOneByOne) {
  const std::vector<double> quantiles = {0, 0, 0.001, 0.5, 0.5, 0.66, 0.95, 0.999, 1, 1};
  std::vector<Histogram> histograms(1);
  for (const Distribution& distribution : Distributions()) {
    histograms.push_back(Recorded(Draw(distribution, 1)));
    histograms.push_back(Recorded(Draw(distribution, 2)));
    histograms.push_back(Recorded(Draw(distribution, 5'000)));
  }
  for (const Histogram& histogram : histograms) {
    std::vector<Nanos> found(quantiles.size());
    histogram.Percentiles(quantiles, found);
    for (size_t i = 0; i < quantiles.size(); ++i) {
      EXPECT_EQ(found[i], histogram.Percentile(quantiles[i])) << quantiles[i];
    }
  }
}

TEST(HistogramTest, VisitingBucketsStopsWhenTold) {
  Histogram histogram;
  histogram.Record(Nanos(10));
  histogram.RecordMany(Nanos(5'000), 3);
  histogram.Record(Nanos(9'000'000));
  std::vector<Histogram::Bucket> seen;
  histogram.VisitBuckets([&seen](uint32_t index, uint64_t count) {
    seen.push_back({index, count});
    return seen.size() == 2;
  });
  std::vector<Histogram::Bucket> first_two = histogram.Buckets();
  first_two.pop_back();
  EXPECT_EQ(seen, first_two);
}

TEST(HistogramTest, PercentilesOfAMillionValuesAreWithinHalfAPercentOfTheSortedArray) {
  for (const Distribution& distribution : Distributions()) {
    std::vector<int64_t> values = Draw(distribution, 1'000'000);
    const Histogram histogram = Recorded(values);
    std::sort(values.begin(), values.end());
    for (const size_t rank : {1, 1'000, 10'000, 100'000, 250'000, 500'000, 750'000, 900'000,
                              950'000, 990'000, 999'000, 999'900, 999'999, 1'000'000}) {
      const double quantile = static_cast<double>(rank) / 1e6;
      ExpectWithin(histogram.Percentile(quantile), values[rank - 1],
                   distribution.name + " at " + std::to_string(quantile));
    }
    EXPECT_EQ(histogram.min().count(), values.front());
    EXPECT_EQ(histogram.max().count(), values.back());
    const double mean = std::accumulate(values.begin(), values.end(), 0.0) / 1e6;
    EXPECT_NEAR(static_cast<double>(histogram.Mean().count()), mean, 1 + mean * 1e-9);
  }
}

TEST(HistogramTest, EveryValueLiesInItsBucketAndNearItsMidpoint) {
  Rng rng(kSeed);
  for (int i = 0; i < 200'000; ++i) {
    const int64_t value = static_cast<int64_t>(rng.Next() >> (1 + rng.Below(63)));
    const uint32_t index = Histogram::IndexOf(value);
    ASSERT_LT(index, Histogram::kBucketCount);
    ASSERT_LE(Histogram::LowerBound(index), value);
    ASSERT_GE(Histogram::UpperBound(index), value);
    if (value >= 1000) {
      const int64_t width = Histogram::UpperBound(index) - Histogram::LowerBound(index) + 1;
      ASSERT_LE(static_cast<double>(width) / 2, kErrorMax * static_cast<double>(value));
    }
  }
}

TEST(HistogramTest, BucketsCoverTheWholeRangeWithoutGapOrOverlap) {
  EXPECT_EQ(Histogram::LowerBound(0), 0);
  for (uint32_t index = 1; index < Histogram::kBucketCount; ++index) {
    ASSERT_EQ(Histogram::LowerBound(index), Histogram::UpperBound(index - 1) + 1) << index;
    ASSERT_EQ(Histogram::IndexOf(Histogram::LowerBound(index)), index);
    ASSERT_EQ(Histogram::IndexOf(Histogram::UpperBound(index)), index);
  }
  EXPECT_EQ(Histogram::UpperBound(Histogram::kBucketCount - 1), INT64_MAX);
}

TEST(HistogramTest, BucketIndexesNeverChangeSinceTheyTravelBetweenVersions) {
  EXPECT_EQ(Histogram::IndexOf(7), 0U);
  EXPECT_EQ(Histogram::IndexOf(1'000), 125U);
  EXPECT_EQ(Histogram::IndexOf(1'024), 128U);
  EXPECT_EQ(Histogram::IndexOf(1'000'000), 1396U);
  EXPECT_EQ(Histogram::IndexOf(1'000'000'000), 2670U);
  EXPECT_EQ(Histogram::IndexOf(3'600'000'000'000), 4177U);
}

TEST(HistogramTest, AnEmptyHistogramIsAllZero) {
  const Histogram histogram;
  EXPECT_EQ(histogram.count(), 0U);
  EXPECT_EQ(histogram.min().count(), 0);
  EXPECT_EQ(histogram.max().count(), 0);
  EXPECT_EQ(histogram.Mean().count(), 0);
  EXPECT_EQ(histogram.Percentile(0.99).count(), 0);
  EXPECT_EQ(histogram.CountAtOrBelow(hours(1)), 0U);
  EXPECT_TRUE(histogram.Buckets().empty());
}

TEST(HistogramTest, NearestRankNeedsAtLeastTheQuantileOfTheValues) {
  Histogram histogram;
  for (int i = 1; i <= 100; ++i) {
    histogram.Record(Nanos(i * 8));  // a bucket each
  }
  EXPECT_EQ(histogram.Percentile(0.07).count(), 7 * 8 + 3);  // 0.07 * 100 > 7 in doubles
  EXPECT_EQ(histogram.Percentile(0.071).count(), 8 * 8 + 3);
  EXPECT_EQ(histogram.Percentile(0.5).count(), 50 * 8 + 3);
}

TEST(HistogramTest, TheEndsAreExactAndOddQuantilesAreClamped) {
  const Histogram histogram = Recorded({1'234'567, 2'000'000, 98'765'432});
  EXPECT_EQ(histogram.Percentile(0).count(), 1'234'567);
  EXPECT_EQ(histogram.Percentile(-3).count(), 1'234'567);
  EXPECT_EQ(histogram.Percentile(std::nan("")).count(), 1'234'567);
  EXPECT_EQ(histogram.Percentile(1).count(), 98'765'432);
  EXPECT_EQ(histogram.Percentile(7).count(), 98'765'432);
}

TEST(HistogramTest, NegativeValuesCountAsZeroAndTheLargestIsKept) {
  Histogram histogram;
  histogram.Record(Nanos(-5));
  histogram.Record(Nanos::max());
  EXPECT_EQ(histogram.min().count(), 0);
  EXPECT_EQ(histogram.max(), Nanos::max());
  EXPECT_EQ(histogram.count(), 2U);
  EXPECT_EQ(histogram.CountAtOrBelow(Nanos::max()), 2U);
}

TEST(HistogramTest, TheSumIsExactBeyondSixtyFourBits) {
  Histogram histogram;
  histogram.RecordMany(hours(1), 10'000'000'000);
  histogram.Record(Nanos(1));
  EXPECT_EQ(histogram.sum(), (DurationSum{36'000'000'000'000, 1}));
  EXPECT_EQ(histogram.Mean(), hours(1) - Nanos(360));  // rounded down
}

TEST(HistogramTest, ASumThatNoDurationCanHoldSaturates) {
  Histogram histogram;
  histogram.RecordMany(Nanos::max(), Histogram::kCountMax);
  EXPECT_EQ(histogram.sum(), (DurationSum{INT64_MAX, 999'999'999}));
  Histogram restored;
  EXPECT_TRUE(RestoreFrom(&restored, histogram));
  EXPECT_EQ(restored.sum(), histogram.sum());
}

TEST(HistogramTest, MergingEqualsRecordingInOneWhateverTheOrder) {
  const std::vector<Distribution> distributions = Distributions();
  std::vector<Histogram> parts;
  Histogram all;
  for (const Distribution& distribution : distributions) {
    const std::vector<int64_t> values = Draw(distribution, 10'000);
    parts.push_back(Recorded(values));
    for (const int64_t value : values) {
      all.Record(Nanos(value));
    }
  }
  Histogram forwards;
  Histogram backwards;
  for (size_t i = 0; i < parts.size(); ++i) {
    forwards.Merge(parts[i]);
    backwards.Merge(parts[parts.size() - 1 - i]);
  }
  EXPECT_EQ(forwards, all);
  EXPECT_EQ(backwards, all);
  EXPECT_EQ(forwards.sum(), all.sum());
}

TEST(HistogramTest, MergingAnEmptyOneChangesNothing) {
  const Histogram some = Recorded({5'000, 6'000});
  Histogram merged = some;
  merged.Merge(Histogram());
  EXPECT_EQ(merged, some);
  Histogram other;
  other.Merge(some);
  EXPECT_EQ(other, some);
}

TEST(HistogramTest, SinceGivesTheValuesOfTheInterval) {
  const std::vector<int64_t> old_values = Draw(Distributions()[1], 5'000);
  std::vector<int64_t> new_values = Draw(Distributions()[3], 20'000);
  const Histogram earlier = Recorded(old_values);
  Histogram now = earlier;
  now.Merge(Recorded(new_values));
  const Histogram interval = now.Since(earlier);
  EXPECT_EQ(interval.Buckets(), Recorded(new_values).Buckets());
  EXPECT_EQ(interval.sum(), Recorded(new_values).sum());
  std::sort(new_values.begin(), new_values.end());
  ExpectWithin(interval.min(), new_values.front(), "min");
  ExpectWithin(interval.max(), new_values.back(), "max");
  ExpectWithin(interval.Percentile(0.5), new_values[9'999], "median");
}

TEST(HistogramTest, SinceNothingIsEverythingAndSinceItselfIsEmpty) {
  const Histogram histogram = Recorded({1'500, 40'000, 40'001});
  EXPECT_EQ(histogram.Since(Histogram()), histogram);
  EXPECT_EQ(histogram.Since(histogram), Histogram());
}

TEST(HistogramTest, SinceAnUnrelatedHistogramDoesNotWrapAround) {
  const Histogram interval = Recorded({1'000, 5'000}).Since(Recorded({1'000, 1'000, 900'000}));
  EXPECT_EQ(interval.count(), 1U);
  EXPECT_EQ(interval.Buckets().front().index, Histogram::IndexOf(5'000));
  EXPECT_GE(interval.Mean(), interval.min() - Nanos(32));
  Histogram restored;
  EXPECT_TRUE(RestoreFrom(&restored, interval));
}

TEST(HistogramTest, CountAtOrBelowCountsWholeBuckets) {
  const Histogram histogram = Recorded({1'000'000, 2'000'000, 3'000'000, 3'000'000});
  EXPECT_EQ(histogram.CountAtOrBelow(Nanos(-1)), 0U);
  EXPECT_EQ(histogram.CountAtOrBelow(Nanos(0)), 0U);
  EXPECT_EQ(histogram.CountAtOrBelow(microseconds(900)), 0U);
  EXPECT_EQ(histogram.CountAtOrBelow(milliseconds(1)), 1U);
  EXPECT_EQ(histogram.CountAtOrBelow(milliseconds(2)), 2U);
  EXPECT_EQ(histogram.CountAtOrBelow(seconds(1)), 4U);
  EXPECT_EQ(histogram.CountAtOrBelow(Nanos(999'999)), 1U) << "shares the bucket of 1 ms";
}

TEST(HistogramTest, RestoreBringsBackWhatBucketsGave) {
  for (const Distribution& distribution : Distributions()) {
    const Histogram histogram = Recorded(Draw(distribution, 3'000));
    Histogram restored = Recorded({42});
    EXPECT_TRUE(RestoreFrom(&restored, histogram)) << distribution.name;
    EXPECT_EQ(restored, histogram) << distribution.name;
  }
  Histogram restored = Recorded({42});
  EXPECT_TRUE(RestoreFrom(&restored, Histogram()));
  EXPECT_EQ(restored, Histogram());
}

// One that was restored is kept in another form until it grows; nobody may see that.
TEST(HistogramTest, WhatWasRestoredIsReadMergedAndGrowsLikeWhatWasRecorded) {
  const Histogram recorded = Recorded(Draw(Distributions()[2], 3'000));
  const Histogram more = Recorded(Draw(Distributions()[3], 2'000));
  Histogram restored;
  ASSERT_TRUE(RestoreFrom(&restored, recorded));
  Histogram restored_more;
  ASSERT_TRUE(RestoreFrom(&restored_more, more));
  for (const double quantile : {0.0, 0.01, 0.5, 0.99, 1.0}) {
    EXPECT_EQ(restored.Percentile(quantile), recorded.Percentile(quantile)) << quantile;
  }
  for (const Nanos limit : {Nanos(0), Nanos(milliseconds(2)), Nanos(hours(1))}) {
    EXPECT_EQ(restored.CountAtOrBelow(limit), recorded.CountAtOrBelow(limit)) << limit.count();
  }
  Histogram both = recorded;
  both.Merge(more);
  for (const Histogram* first : {&recorded, static_cast<const Histogram*>(&restored)}) {
    for (const Histogram* second : {&more, static_cast<const Histogram*>(&restored_more)}) {
      Histogram merged = *first;
      merged.Merge(*second);
      EXPECT_EQ(merged, both);
      EXPECT_EQ(merged.Since(restored).Buckets(), more.Buckets());
    }
  }
  Histogram grown = restored;
  grown.Record(Nanos(77));
  Histogram expected = recorded;
  expected.Record(Nanos(77));
  EXPECT_EQ(grown, expected);
  EXPECT_EQ(restored, recorded) << "its copy has grown, not itself";
  restored.Merge(restored);
  EXPECT_EQ(restored.count(), 2 * recorded.count());
  restored_more.Clear();
  EXPECT_EQ(restored_more, Histogram());
}

TEST(HistogramTest, RestoreKeepsCountsBeyondThirtyTwoBits) {
  Histogram huge = Recorded({5'000});
  huge.RecordMany(microseconds(9), uint64_t{1} << 40);
  Histogram restored;
  ASSERT_TRUE(RestoreFrom(&restored, huge));
  EXPECT_EQ(restored, huge);
  EXPECT_EQ(restored.Percentile(0.5), huge.Percentile(0.5));
}

TEST(HistogramTest, RestoreRefusesWhatNoHistogramGivesAndChangesNothing) {
  struct Row {
    std::string what;
    std::vector<Histogram::Bucket> buckets;
    int64_t min;
    int64_t max;
    DurationSum sum;
  };
  const std::vector<Row> rows = {
      {"an index past the end", {{Histogram::kBucketCount, 1}}, 0, 0, {}},
      {"the largest index", {{UINT32_MAX, 1}}, 0, 0, {}},
      {"an index twice", {{10, 1}, {10, 1}}, 80, 87, {0, 160}},
      {"falling indexes", {{11, 1}, {10, 1}}, 80, 95, {0, 170}},
      {"a bucket without values", {{10, 0}}, 80, 80, {0, 80}},
      {"more values than can be", {{10, Histogram::kCountMax + 1}}, 80, 80, {0, 80}},
      {"counts that wrap around", {{10, UINT64_MAX}, {11, 2}}, 80, 90, {0, 80}},
      {"a minimum outside its bucket", {{10, 2}}, 79, 87, {0, 166}},
      {"a maximum outside its bucket", {{10, 2}}, 80, 88, {0, 168}},
      {"a minimum above the maximum", {{10, 2}}, 85, 84, {0, 168}},
      {"a negative minimum", {{0, 1}}, -1, 3, {0, 3}},
      {"a sum below the buckets", {{10, 2}}, 80, 87, {0, 159}},
      {"a sum above the buckets", {{10, 2}}, 80, 87, {0, 175}},
      {"a negative sum", {{10, 2}}, 80, 87, {-1, 0}},
      {"nanoseconds past a second", {{10, 2}}, 80, 87, {0, 1'000'000'000}},
      {"negative nanoseconds", {{10, 2}}, 80, 87, {0, -1}},
      {"a maximum without values", {}, 0, 5, {}},
      {"a sum without values", {}, 0, 0, {1, 0}},
  };
  const Histogram before = Recorded({42, 43});
  for (const Row& row : rows) {
    Histogram histogram = before;
    EXPECT_FALSE(histogram.Restore(row.buckets, Nanos(row.min), Nanos(row.max), row.sum))
        << row.what;
    EXPECT_EQ(histogram, before) << row.what;
  }
  Histogram good;
  EXPECT_TRUE(good.Restore({{10, 2}}, Nanos(80), Nanos(87), {0, 167})) << "the rows' honest twin";
}

TEST(HistogramTest, RestoreSurvivesNoise) {
  Rng rng(kSeed);
  int accepted = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::vector<Histogram::Bucket> buckets(rng.Below(4));
    for (Histogram::Bucket& bucket : buckets) {
      bucket = {static_cast<uint32_t>(rng.Below(Histogram::kBucketCount + 9)), rng.Below(3)};
    }
    Histogram histogram;
    const DurationSum sum{static_cast<int64_t>(rng.Next() >> rng.Below(64)),
                          static_cast<int32_t>(rng.Below(1'000'000'000))};
    const auto low = static_cast<int64_t>(rng.Next() >> rng.Below(64));
    const auto high = static_cast<int64_t>(rng.Next() >> rng.Below(64));
    if (histogram.Restore(buckets, Nanos(low), Nanos(high), sum)) {
      ++accepted;
      const auto mean = Histogram::IndexOf(histogram.Mean().count());
      EXPECT_LE(Histogram::IndexOf(histogram.min().count()), mean);
      EXPECT_GE(Histogram::IndexOf(histogram.max().count()), mean);
    }
  }
  EXPECT_LT(accepted, 2'000);
}

TEST(HistogramTest, ClearForgetsEverything) {
  Histogram histogram = Recorded({1'000, 2'000'000});
  histogram.Clear();
  EXPECT_EQ(histogram, Histogram());
  histogram.Record(Nanos(3'000));
  EXPECT_EQ(histogram, Recorded({3'000}));
}

TEST(HistogramTest, CopiesAreIndependent) {
  Histogram original = Recorded({1'000});
  const Histogram copy = original;
  original.Record(Nanos(1'000));
  EXPECT_EQ(copy, Recorded({1'000}));
  EXPECT_NE(copy, original);
}

}  // namespace
}  // namespace squall
