#include "operator/loadtest/verdict_of.h"

#include <gtest/gtest.h>

#include "tests/operator/loadtest/samples.h"

namespace squall {
namespace {

ThresholdResult Result(const char* text, bool passed) {
  ThresholdResult result;
  result.threshold.text = text;
  result.threshold.metric = ThresholdMetric::kFailures;
  result.threshold.aggregate = ThresholdAggregate::kRate;
  result.observed = 0.25;
  result.passed = passed;
  return result;
}

TEST(EndReasonTest, TellsApartWhoEndedIt) {
  RunReport report = SomeReport();
  EXPECT_EQ(EndReasonOf(report, false), "ProfileFinished");
  EXPECT_EQ(EndReasonOf(report, true), "StoppedByUser");
  report.thresholds = {Result("failures: rate < 1%", false)};
  report.thresholds[0].threshold.abort_on_fail = true;
  EXPECT_EQ(EndReasonOf(report, false), "ProfileFinished");  // it failed, but did not end it
  report.total.stop_reason = "threshold failed: failures: rate < 1%";
  EXPECT_EQ(EndReasonOf(report, false), "ThresholdAborted");
}

TEST(PassedTest, WithoutThresholdsRequestsDecide) {
  RunReport report = SomeReport();
  EXPECT_EQ(PassedOf(report), (StatusCondition{"True", "NoThresholds", "no threshold was set"}));
  report.verdict.verdict = Verdict::kFail;
  report.verdict.reasons = {"3 of 10 requests failed", "an agent failed"};
  EXPECT_EQ(PassedOf(report), (StatusCondition{"False", "RequestsFailed",
                                               "3 of 10 requests failed; an agent failed"}));
}

TEST(PassedTest, SaysWhichThresholdsFailedAndWhatWasSeen) {
  RunReport report = SomeReport();
  report.thresholds = {Result("failures: rate < 50%", true), Result("failures: rate < 1%", false),
                       Result("failures{name:Buy}: rate < 2%", false)};
  report.verdict.verdict = Verdict::kFail;
  EXPECT_EQ(PassedOf(report),
            (StatusCondition{"False", "ThresholdsFailed",
                             "failures: rate < 1%: 25%; failures{name:Buy}: rate < 2%: 25%"}));
  report.thresholds.resize(1);
  report.verdict.verdict = Verdict::kPass;
  EXPECT_EQ(PassedOf(report), (StatusCondition{"True", "ThresholdsMet", "1 thresholds were met"}));
}

TEST(PassedTest, ASlowGeneratorOutranksEverything) {
  RunReport report = SomeReport();
  report.thresholds = {Result("failures: rate < 1%", false)};
  report.verdict.verdict = Verdict::kInvalid;
  report.verdict.reasons = {"event loops were late"};
  EXPECT_EQ(PassedOf(report),
            (StatusCondition{"False", "GeneratorLimited", "event loops were late"}));
}

TEST(PassedTest, NothingMeasuredIsNotPassed) {
  RunReport report = SomeReport();
  report.total.entries.clear();
  EXPECT_EQ(PassedOf(report), (StatusCondition{"False", "NoData", "no request was sent"}));
}

}  // namespace
}  // namespace squall
