#include "operator/controller/metric_values.h"

#include <gtest/gtest.h>

namespace squall {
namespace {

using MetricType = MetricGroup::Type;

TEST(BucketHistogramTest, CountsAtOrBelowEachBound) {
  BucketHistogram histogram({1, 2, 4});
  for (const double value : {0.5, 1.0, 1.5, 4.0, 99.0}) {
    histogram.Observe(value);
  }
  EXPECT_EQ(histogram.CumulativeCount(0), 2U);
  EXPECT_EQ(histogram.CumulativeCount(1), 3U);
  EXPECT_EQ(histogram.CumulativeCount(2), 4U);
  EXPECT_EQ(histogram.count(), 5U);
  EXPECT_DOUBLE_EQ(histogram.sum(), 106);
}

TEST(BucketHistogramTest, TakesDurationsInSeconds) {
  BucketHistogram histogram({1});
  histogram.Observe(std::chrono::milliseconds(250));
  EXPECT_DOUBLE_EQ(histogram.sum(), 0.25);
}

TEST(BucketHistogramTest, ExponentialBoundsMultiply) {
  EXPECT_EQ(ExponentialBounds(1, 10, 3), (std::vector<double>{1, 10, 100}));
}

TEST(MetricsTextTest, WritesEachTypeAsPrometheusReadsIt) {
  BucketHistogram times({0.5});
  times.Observe(0.25);
  EXPECT_EQ(MetricsText({{MetricType::kCounter, "c_total", "Counts", {{{{"a", "b\"c"}}, 3, {}}}},
                         {MetricType::kGauge, "g", "Shows", {{{}, 1.5, {}}}},
                         {MetricType::kHistogram, "h_seconds", "Times", {{{}, 0, times}}}}),
            "# HELP c_total Counts\n"
            "# TYPE c_total counter\n"
            "c_total{a=\"b\\\"c\"} 3\n"
            "# HELP g Shows\n"
            "# TYPE g gauge\n"
            "g 1.5\n"
            "# HELP h_seconds Times\n"
            "# TYPE h_seconds histogram\n"
            "h_seconds_count 1\n"
            "h_seconds_sum 0.25\n"
            "h_seconds_bucket{le=\"0.5\"} 1\n"
            "h_seconds_bucket{le=\"+Inf\"} 1\n");
}

TEST(MetricsTextTest, GroupsOfOneNameBecomeOne) {
  EXPECT_EQ(MetricsText({{MetricType::kGauge, "g", "Shows", {{{{"of", "x"}}, 1, {}}}},
                         {MetricType::kGauge, "other", "Shows", {{{}, 0, {}}}},
                         {MetricType::kGauge, "g", "Shows", {{{{"of", "y"}}, 2, {}}}}}),
            "# HELP g Shows\n"
            "# TYPE g gauge\n"
            "g{of=\"x\"} 1\n"
            "g{of=\"y\"} 2\n"
            "# HELP other Shows\n"
            "# TYPE other gauge\n"
            "other 0\n");
}

}  // namespace
}  // namespace squall
