#include "daemon/stats/threshold.h"

#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "daemon/stats/recorder.h"
#include "tests/daemon/stats/run_start.h"

namespace squall {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

Threshold Parsed(const std::string& text) {
  const size_t colon = text.rfind(": ");
  absl::StatusOr<Threshold> threshold =
      ParseThreshold(text.substr(0, colon), text.substr(colon + 2));
  EXPECT_TRUE(threshold.ok()) << text << ": " << threshold.status().message();
  return threshold.ok() ? *threshold : Threshold{};
}

class ThresholdTest : public testing::Test {
 protected:
  void Finish(const std::string& name, int count, Nanos response, bool ok = true,
              RunPhase phase = RunPhase::kMeasured) {
    Sample sample;
    sample.entry = recorder_.Intern("GET", name);
    sample.phase = phase;
    sample.ok = ok;
    sample.failure = ok ? "" : "HTTP 500";
    sample.service = response / 2;
    sample.response = response;
    sample.start_delay = response / 2;
    sample.connect = milliseconds(2);
    sample.first_byte = milliseconds(3);
    for (int i = 0; i < count; ++i) {
      recorder_.Record(sample, kStart + seconds(1));
    }
  }

  Snapshot At(Nanos elapsed) const {
    Snapshot snapshot;
    snapshot.started_at = kStart;
    snapshot.elapsed = elapsed;
    recorder_.Fill(&snapshot);
    return snapshot;
  }

  Recorder recorder_;
};

struct Row {
  std::string rule;
  bool passed;
  std::string observed;
};

void ExpectRows(const std::vector<Row>& rows, const Snapshot& now, const Snapshot* start) {
  for (const Row& row : rows) {
    const ThresholdResult result = JudgeThreshold(Parsed(row.rule), now, start);
    EXPECT_EQ(result.passed, row.passed) << row.rule;
    EXPECT_EQ(FormatObserved(result), row.observed) << row.rule;
    EXPECT_EQ(result.threshold.text, row.rule);
  }
}

TEST_F(ThresholdTest, EveryMetricAndAggregateOverTheWholeRun) {
  Finish("/a", 60, milliseconds(100));
  Finish("/a", 30, milliseconds(200));
  Finish("/b", 10, milliseconds(2000), false);
  recorder_.RecordCheck(recorder_.Intern("GET", "/a"), "status", true);
  recorder_.RecordCheck(recorder_.Intern("POST", "/a"), "status", true);
  recorder_.RecordCheck(recorder_.Intern("GET", "/b"), "status", false);
  Snapshot now = At(seconds(10));
  now.arrivals_planned = 1'000;
  now.dropped_iterations = 20;
  ExpectRows(
      {
          {"response_time: min == 100ms", true, "100ms"},
          {"response_time: max <= 2s", true, "2.00s"},
          {"response_time: max < 2s", false, "2.00s"},
          {"response_time: avg < 321", true, "320ms"},
          {"response_time: p(100) < 1", false, "2.00s"},
          {"response_time{name:/a}: max < 201ms", true, "200ms"},
          {"response_time{name:/a,method:GET}: min > 99.9", true, "100ms"},
          {"service_time: max == 1s", true, "1.00s"},
          {"start_delay: min == 50ms", true, "50ms"},
          {"connect_time: max == 2ms", true, "2ms"},
          {"first_byte_time: med < 2ms", false, "3ms"},
          {"failures: rate < 10%", false, "10%"},
          {"failures: rate <= 10%", true, "10%"},
          {"failures: count == 10", true, "10"},
          {"failures{name:/a}: count == 0", true, "0"},
          {"requests: rate >= 10", true, "10.00/s"},
          {"requests{name:/b}: rate > 1", false, "1.00/s"},
          {"requests: count != 100", false, "100"},
          {"checks: rate > 99%", false, "66.67%"},
          {"checks{name:/a}: rate == 100%", true, "100%"},
          {"dropped_iterations: count == 0", false, "20"},
          {"dropped_iterations: rate <= 2/s", true, "2.00/s"},
      },
      now, nullptr);
}

TEST_F(ThresholdTest, NoDataIsAFailureWhateverTheRule) {
  Finish("/a", 5, milliseconds(100));
  ExpectRows(
      {
          {"response_time{name:/typo}: p(95) < 1h", false, "no data"},
          {"response_time{method:POST}: p(95) < 1h", false, "no data"},
          {"failures{name:/typo}: count == 0", false, "no data"},
          {"failures{name:/typo}: rate < 100%", false, "no data"},
          {"requests{name:/typo}: count < 5", false, "no data"},
          {"checks: rate >= 0", false, "no data"},
          {"dropped_iterations: count == 0", true, "0"},  // a fact in the closed model
      },
      At(seconds(10)), nullptr);
  ExpectRows({{"response_time: p(95) < 1h", false, "no data"},
              {"failures: count == 0", false, "no data"},
              {"requests: rate < 100", false, "no data"}},
             Snapshot{}, nullptr);
}

TEST_F(ThresholdTest, OnlyTheMeasuredPhaseCounts) {
  Finish("/a", 100, seconds(9), false, RunPhase::kWarmUp);
  Finish("/a", 10, milliseconds(100));
  Finish("/a", 100, seconds(9), false, RunPhase::kCoolDown);
  ExpectRows({{"response_time: max < 1s", true, "100ms"},
              {"failures: count == 0", true, "0"},
              {"requests: count == 10", true, "10"}},
             At(seconds(10)), nullptr);
}

TEST_F(ThresholdTest, AWindowLooksOnlyAtWhatIsNew) {
  Finish("/a", 100, seconds(5), false);
  const Snapshot start = At(seconds(10));
  Finish("/a", 50, milliseconds(100));
  const Snapshot now = At(seconds(20));
  ExpectRows({{"failures: rate < 1% over 10s", true, "0%"},
              {"requests: rate == 5 over 10s", true, "5.00/s"},
              {"requests: count == 50 over 10s", true, "50"},
              {"response_time: max < 1s over 10s", true, "100ms"},
              {"failures: rate < 1%", false, "66.67%"}},  // no window: the whole run
             now, &start);
}

TEST_F(ThresholdTest, ARunYoungerThanTheWindowIsJudgedFromItsStart) {
  Finish("/a", 30, milliseconds(100));
  ExpectRows({{"requests: rate == 10 over 30s", true, "10.00/s"}}, At(seconds(3)), nullptr);
}

TEST_F(ThresholdTest, ATargetThatHangsThroughTheWindowFailsIt) {
  Finish("/a", 100, milliseconds(100));
  const Snapshot start = At(seconds(10));
  const Snapshot now = At(seconds(20));
  ExpectRows({{"requests: rate > 1 over 10s", false, "0.00/s"},
              {"response_time: p(95) < 1s over 10s", false, "no data"},
              {"failures: rate < 1% over 10s", false, "no data"}},
             now, &start);
}

TEST_F(ThresholdTest, WarmUpTimeIsNotPartOfTheRate) {
  Finish("/a", 100, milliseconds(1), true, RunPhase::kWarmUp);
  Finish("/a", 100, milliseconds(1));  // the first one 1 s after the start
  ExpectRows({{"requests: rate == 10", true, "10.00/s"}}, At(seconds(11)), nullptr);
}

TEST(FormatObservedTest, KeepsFourDigits) {
  const std::pair<double, const char*> rows[] = {
      {0.0000123, "0.0123ms"}, {0.00042, "0.42ms"}, {0.0031416, "3.142ms"},
      {0.2121, "212.1ms"},     {0.99996, "1.00s"},  {1.2345, "1.23s"},
      {99.5, "99.50s"},        {3600, "3600s"},     {0, "0ms"},
  };
  for (const auto& [seconds, text] : rows) {
    ThresholdResult result;
    result.observed = seconds;
    EXPECT_EQ(FormatObserved(result), text);
  }
}

TEST(UnitOfTest, FollowsFromMetricAndAggregate) {
  EXPECT_EQ(UnitOf(ThresholdMetric::kConnectTime, ThresholdAggregate::kMax),
            ThresholdUnit::kSeconds);
  EXPECT_EQ(UnitOf(ThresholdMetric::kFailures, ThresholdAggregate::kRate), ThresholdUnit::kShare);
  EXPECT_EQ(UnitOf(ThresholdMetric::kFailures, ThresholdAggregate::kCount), ThresholdUnit::kCount);
  EXPECT_EQ(UnitOf(ThresholdMetric::kRequests, ThresholdAggregate::kRate),
            ThresholdUnit::kPerSecond);
}

Threshold Tagged(const std::string& text, std::vector<RequestPattern> patterns) {
  Threshold threshold = Parsed(text);
  threshold.tagged.patterns =
      std::make_shared<const std::vector<RequestPattern>>(std::move(patterns));
  return threshold;
}

TEST_F(ThresholdTest, ATagStandsForTheRequestsOfItsTasks) {
  Finish("/cart", 10, milliseconds(100));
  Finish("/pay/7", 10, milliseconds(300));
  Finish("/pay/8", 10, milliseconds(500), false);
  Finish("/search", 100, milliseconds(1));
  recorder_.RecordCheck(recorder_.Intern("GET", "/cart"), "status", true);
  recorder_.RecordCheck(recorder_.Intern("GET", "/search"), "status", false);
  const std::vector<RequestPattern> checkout = {{"GET", {"/cart"}}, {"GET", {"/pay/", ""}}};
  const std::tuple<const char*, bool, const char*> rows[] = {
      {"response_time{tag:checkout}: min > 99", true, "100ms"},
      {"response_time{tag:checkout}: med < 200", false, "300.9ms"},
      {"response_time{tag:checkout,name:/cart}: max < 101", true, "100ms"},
      {"failures{tag:checkout}: rate < 1%", false, "33.33%"},
      {"requests{tag:checkout}: count == 30", true, "30"},
      {"requests{tag:checkout,method:POST}: count == 0", false, "no data"},
      {"checks{tag:checkout}: rate == 100%", true, "100%"},
  };
  for (const auto& [rule, passed, observed] : rows) {
    const ThresholdResult result = JudgeThreshold(Tagged(rule, checkout), At(seconds(10)), nullptr);
    EXPECT_EQ(result.passed, passed) << rule;
    EXPECT_EQ(FormatObserved(result), observed) << rule;
  }
}

TEST_F(ThresholdTest, ATagIsJudgedInAWindowToo) {
  const std::vector<RequestPattern> checkout = {{"GET", {"/cart"}}};
  Finish("/cart", 10, milliseconds(100));
  Finish("/search", 10, milliseconds(900));
  const Snapshot before = At(seconds(10));
  Finish("/cart", 10, milliseconds(700));
  const Threshold threshold = Tagged("response_time{tag:checkout}: min > 600 over 30s", checkout);
  EXPECT_FALSE(JudgeThreshold(threshold, At(seconds(40)), nullptr).passed);
  EXPECT_TRUE(JudgeThreshold(threshold, At(seconds(40)), &before).passed);
}

TEST_F(ThresholdTest, ATagThatNobodyLookedUpHasNoData) {
  Finish("/cart", 10, milliseconds(100));
  const ThresholdResult result =
      JudgeThreshold(Parsed("requests{tag:checkout}: count < 5"), At(seconds(10)), nullptr);
  EXPECT_FALSE(result.passed);
  EXPECT_FALSE(result.observed.has_value());
}

}  // namespace
}  // namespace squall
