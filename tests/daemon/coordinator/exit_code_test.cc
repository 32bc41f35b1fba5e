#include "daemon/coordinator/exit_code.h"

#include <gtest/gtest.h>

namespace squall {
namespace {

constexpr int kOnError = 1;

ThresholdResult Judged(bool passed) {
  ThresholdResult result;
  result.passed = passed;
  return result;
}

// Everything that can go wrong, at once; tests take the worst away one by one.
RunReport AllWrong() {
  RunReport report;
  report.interrupted = true;
  report.agents_lost = 1;
  report.verdict.verdict = Verdict::kInvalid;
  report.thresholds = {Judged(true), Judged(false)};
  return report;
}

TEST(ExitCodeTest, APassedRunIsZero) {
  RunReport report;
  report.thresholds = {Judged(true)};
  EXPECT_EQ(ExitCodeOf(report, kOnError), 0);
}

TEST(ExitCodeTest, TheWorstThingDecides) {
  RunReport report = AllWrong();
  EXPECT_EQ(ExitCodeOf(report, kOnError), 130);
  report.interrupted = false;
  EXPECT_EQ(ExitCodeOf(report, kOnError), 5);
  report.agents_lost = 0;
  EXPECT_EQ(ExitCodeOf(report, kOnError), 6);
  report.verdict.verdict = Verdict::kFail;
  EXPECT_EQ(ExitCodeOf(report, kOnError), 4);
  report.thresholds = {Judged(true)};
  EXPECT_EQ(ExitCodeOf(report, kOnError), 1);
}

TEST(ExitCodeTest, AnAgentThatFailedIsAsGoodAsLost) {
  RunReport report;
  report.agents.resize(2);
  report.agents[1].state = RunState::kFailed;
  report.verdict.verdict = Verdict::kFail;
  EXPECT_EQ(ExitCodeOf(report, 0), 5);
}

TEST(ExitCodeTest, FailedRequestsHaveTheCodeThatWasAskedFor) {
  RunReport report;
  report.verdict.verdict = Verdict::kFail;
  EXPECT_EQ(ExitCodeOf(report, 0), 0);
  EXPECT_EQ(ExitCodeOf(report, 17), 17);
}

TEST(ExitCodeTest, TheCodeForFailedRequestsDoesNotHideAFailedThreshold) {
  RunReport report;
  report.verdict.verdict = Verdict::kFail;
  report.thresholds = {Judged(false)};
  EXPECT_EQ(ExitCodeOf(report, 0), 4);
}

}  // namespace
}  // namespace squall
