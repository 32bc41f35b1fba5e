#include "daemon/otel/metric_data.h"

#include <numeric>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace squall {
namespace {

namespace metrics = opentelemetry::sdk::metrics;
using opentelemetry::nostd::get;

constexpr WallTime kBegin(std::chrono::seconds(1'700'000'000));

Snapshot Sample() {
  Snapshot run;
  run.started_at = kBegin;
  run.users = {{"shopper", 5}};
  EntryStats& entry = run.entries[{RunPhase::kMeasured, "list", "GET"}];
  entry.requests = 3;
  entry.failures = 1;
  for (const int millis : {1, 30, 90'000}) {
    entry.response.Record(std::chrono::milliseconds(millis));
  }
  run.entries[{RunPhase::kWarmUp, "list", "GET"}].requests = 2;
  run.traces.sampled = 4;
  return run;
}

const metrics::MetricData& Find(const std::vector<metrics::MetricData>& all,
                                const std::string& name) {
  for (const auto& metric : all) {
    if (metric.instrument_descriptor.name_ == name) {
      return metric;
    }
  }
  static const metrics::MetricData none{};
  ADD_FAILURE() << name;
  return none;
}

std::string Text(const metrics::PointAttributes& attributes, const std::string& key) {
  const auto found = attributes.find(key);
  return found == attributes.end() ? "absent" : get<std::string>(found->second);
}

TEST(MetricDataTest, CountsAreCumulativeSinceTheStartAndOfAllPhases) {
  MetricDataMaker maker({.test = "t", .agent = "a", .tags = {{"env", "dev"}}});
  const auto all = maker.Make(Sample(), kBegin + std::chrono::seconds(5));
  const auto& requests = Find(all, "squall.requests");
  EXPECT_EQ(requests.aggregation_temporality, metrics::AggregationTemporality::kCumulative);
  EXPECT_EQ(requests.start_ts.time_since_epoch(), kBegin.time_since_epoch());
  ASSERT_EQ(requests.point_data_attr_.size(), 1U);
  const auto& point = requests.point_data_attr_[0];
  EXPECT_EQ(get<int64_t>(get<metrics::SumPointData>(point.point_data).value_), 5);
  EXPECT_TRUE(get<metrics::SumPointData>(point.point_data).is_monotonic_);
  EXPECT_EQ(Text(point.attributes, "method"), "GET");
  EXPECT_EQ(Text(point.attributes, "name"), "list");
  EXPECT_EQ(Text(point.attributes, "test"), "t");
  EXPECT_EQ(Text(point.attributes, "agent"), "a");
  EXPECT_EQ(Text(point.attributes, "env"), "dev");
}

TEST(MetricDataTest, HistogramsHaveTheBucketsOfThePage) {
  MetricDataMaker maker({});
  const auto all = maker.Make(Sample(), kBegin);
  const auto& metric = Find(all, "squall.request.duration");
  EXPECT_EQ(metric.instrument_descriptor.unit_, "s");
  ASSERT_EQ(metric.point_data_attr_.size(), 1U);
  const auto& point = get<metrics::HistogramPointData>(metric.point_data_attr_[0].point_data);
  EXPECT_EQ(point.boundaries_.front(), 0.0005);
  EXPECT_EQ(point.boundaries_.back(), 60);
  ASSERT_EQ(point.counts_.size(), point.boundaries_.size() + 1);
  EXPECT_EQ(point.counts_.back(), 1U);  // 90 seconds
  EXPECT_EQ(std::accumulate(point.counts_.begin(), point.counts_.end(), uint64_t{0}), 3U);
  EXPECT_EQ(point.count_, 3U);
  EXPECT_NEAR(get<double>(point.sum_), 90.031, 1e-9);
}

TEST(MetricDataTest, GaugesAreOfNow) {
  MetricDataMaker maker({});
  const auto all = maker.Make(Sample(), kBegin);
  const auto& users = Find(all, "squall.users");
  ASSERT_EQ(users.point_data_attr_.size(), 1U);
  EXPECT_EQ(
      get<int64_t>(get<metrics::LastValuePointData>(users.point_data_attr_[0].point_data).value_),
      5);
  EXPECT_EQ(Find(all, "squall.trace.spans").point_data_attr_.size(), 4U);
}

TEST(MetricDataTest, HasWhatTheGeneratorLacked) {
  Snapshot run = Sample();
  run.health.run_delay_seconds = 1.5;
  run.health.ports_exhausted = 3;
  run.health.names_dropped = 7;
  MetricDataMaker maker({});
  const auto all = maker.Make(run, kBegin, 2);
  const auto sum = [](const auto& point) {
    return get<metrics::SumPointData>(point.point_data).value_;
  };
  EXPECT_EQ(get<double>(sum(Find(all, "squall.event_loop.wait").point_data_attr_.at(0))), 1.5);
  EXPECT_EQ(get<int64_t>(sum(Find(all, "squall.names_dropped").point_data_attr_.at(0))), 7);
  std::map<std::string, int64_t> exhausted;
  for (const auto& point : Find(all, "squall.exhausted").point_data_attr_) {
    exhausted[Text(point.attributes, "resource")] = get<int64_t>(sum(point));
  }
  EXPECT_EQ(exhausted,
            (std::map<std::string, int64_t>{{"descriptors", 0}, {"memory", 0}, {"ports", 3}}));
  const auto& stage = Find(all, "squall.run.stage").point_data_attr_.at(0);
  EXPECT_EQ(get<int64_t>(get<metrics::LastValuePointData>(stage.point_data).value_), 2);
}

TEST(MetricDataTest, UserClassesAreBounded) {
  Snapshot run;
  for (int i = 0; i < 150; ++i) {
    run.users[fmt::format("class {}", i)] = 1;
  }
  MetricDataMaker maker({});
  EXPECT_EQ(Find(maker.Make(run, kBegin), "squall.users").point_data_attr_.size(), 101U);
}

TEST(MetricDataTest, ANameThatHasASeriesKeepsItAndTheRestIsOther) {
  MetricDataMaker maker({.names_max = 1});
  maker.Make(Sample(), kBegin);
  Snapshot later = Sample();
  later.entries[{RunPhase::kMeasured, "busy", "GET"}].requests = 1000;
  const auto all = maker.Make(later, kBegin);
  std::map<std::string, int64_t> by_name;
  for (const auto& point : Find(all, "squall.requests").point_data_attr_) {
    by_name[Text(point.attributes, "name")] =
        get<int64_t>(get<metrics::SumPointData>(point.point_data).value_);
  }
  EXPECT_EQ(by_name, (std::map<std::string, int64_t>{{"list", 5}, {"other", 1000}}));
}

}  // namespace
}  // namespace squall
