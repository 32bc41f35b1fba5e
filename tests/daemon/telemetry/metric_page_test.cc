#include "daemon/telemetry/metric_page.h"

#include <limits>

#include <gtest/gtest.h>

#include "daemon/telemetry/metric_families.h"

namespace squall {
namespace {

using prometheus::MetricType;

std::string Open(const MetricFamilies& families, const ExemplarOf& exemplar_of = nullptr) {
  return MetricPage(families, MetricFormat::kOpenMetrics, exemplar_of);
}

TEST(MetricFormatTest, TheBetterLikedFormatIsServed) {
  const std::pair<const char*, MetricFormat> table[] = {
      // What Prometheus 2.42 and 3.0 send, and curl, and a browser.
      {"application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;"
       "q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
       MetricFormat::kOpenMetrics},
      {"application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,"
       "text/plain;version=1.0.0;q=0.4,*/*;q=0.2",
       MetricFormat::kOpenMetrics},
      {"*/*", MetricFormat::kText},
      {"text/html,application/xhtml+xml", MetricFormat::kText},
      {"", MetricFormat::kText},
      {"text/plain, application/openmetrics-text;q=0.9", MetricFormat::kText},
      {"application/openmetrics-text", MetricFormat::kOpenMetrics},
      {"application/openmetrics-text ; version=1.0.0 ; q=0.3 , text/plain ; q=0.2",
       MetricFormat::kOpenMetrics},
      {"application/openmetrics-text;version=0.0.1", MetricFormat::kText},
      {"application/openmetrics-text;q=0", MetricFormat::kText},
      {"application/openmetrics-text;q=x", MetricFormat::kText},
      {";;,,;q=,", MetricFormat::kText},
  };
  for (const auto& [accept, format] : table) {
    EXPECT_EQ(MetricFormatFor(accept), format) << accept;
  }
}

TEST(MetricPageTest, CountersAreCalledWithoutTotalAndCountWithIt) {
  EXPECT_EQ(Open({Counter("a_total", "Counts \"x\"", 3)}),
            "# TYPE a counter\n"
            "# HELP a Counts \\\"x\\\"\n"
            "a_total 3\n"
            "# EOF\n");
}

TEST(MetricPageTest, NumbersAreTheShortestThatAreExact) {
  prometheus::MetricFamily family = Family(MetricType::Gauge, "g", "Shows");
  for (const double value :
       {0.0, -1.0, 0.1, 1.5e-7, 123456789012.0, 1e300, std::numeric_limits<double>::infinity(),
        -std::numeric_limits<double>::infinity(), std::numeric_limits<double>::quiet_NaN()}) {
    AddValue(&family, {}, value);
  }
  EXPECT_EQ(Open({family}),
            "# TYPE g gauge\n# HELP g Shows\n"
            "g 0\ng -1\ng 0.1\ng 1.5e-07\ng 123456789012\ng 1e+300\ng +Inf\ng -Inf\ng NaN\n"
            "# EOF\n");
}

TEST(MetricPageTest, LabelsAreEscaped) {
  prometheus::MetricFamily family = Family(MetricType::Gauge, "g", "Shows");
  AddValue(&family, {{"a", "x\"y\\z\n"}, {"b", ""}}, 1);
  EXPECT_EQ(Open({family}),
            "# TYPE g gauge\n# HELP g Shows\ng{a=\"x\\\"y\\\\z\\n\",b=\"\"} 1\n# EOF\n");
}

TEST(MetricPageTest, HistogramsHaveAllBucketsAndTheirExemplars) {
  prometheus::MetricFamily family = Family(MetricType::Histogram, "h_seconds", "Times");
  prometheus::ClientMetric& metric = family.metric.emplace_back();
  metric.label = {{"a", "1"}};
  metric.histogram.sample_count = 3;
  metric.histogram.sample_sum = 70.5;
  metric.histogram.bucket = {{1, 0.5}, {2, 1}};
  const BucketExemplar exemplar = {"abc", 0.75, WallTime(std::chrono::milliseconds(12'345))};
  const auto exemplar_of = [&](const prometheus::MetricFamily&, const prometheus::ClientMetric&,
                               size_t i) { return i == 1 ? &exemplar : nullptr; };
  EXPECT_EQ(Open({family}, exemplar_of),
            "# TYPE h_seconds histogram\n# HELP h_seconds Times\n"
            "h_seconds_bucket{a=\"1\",le=\"0.5\"} 1\n"
            "h_seconds_bucket{a=\"1\",le=\"1.0\"} 2 # {trace_id=\"abc\"} 0.75 12.345\n"
            "h_seconds_bucket{a=\"1\",le=\"+Inf\"} 3\n"
            "h_seconds_count{a=\"1\"} 3\n"
            "h_seconds_sum{a=\"1\"} 70.5\n"
            "# EOF\n");
}

TEST(MetricPageTest, TheTextFormatHasNoEnd) {
  EXPECT_EQ(MetricPage({Counter("a_total", "Counts", 3)}, MetricFormat::kText),
            "# HELP a_total Counts\n# TYPE a_total counter\na_total 3\n");
}

}  // namespace
}  // namespace squall
