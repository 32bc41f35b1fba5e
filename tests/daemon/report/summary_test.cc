#include "daemon/report/summary.h"

#include <gtest/gtest.h>

#include "tests/daemon/report/sample_report.h"
#include "tests/support/golden.h"

namespace squall {
namespace {

TEST(SummaryTest, ClosedModelRunMatchesTheGoldenFile) {
  ExpectGolden("report/final_closed.txt", FinalReport(ClosedReport(), {}));
}

TEST(SummaryTest, OpenModelRunMatchesTheGoldenFile) {
  ExpectGolden("report/final_open.txt", FinalReport(OpenReport(), {.columns = 120}));
}

TEST(SummaryTest, RunWithoutRequestsMatchesTheGoldenFile) {
  ExpectGolden("report/final_empty.txt", FinalReport(EmptyReport(), {}));
}

TEST(SummaryTest, RatesLeaveOutTheWarmUp) {
  const std::string text = FinalReport(OpenReport(), {});
  EXPECT_NE(text.find("|  100.00        0.00"), std::string::npos) << text;
}

TEST(SummaryTest, WhatBecameOfTheSpansIsALineWhereThereWereAny) {
  RunReport report = ClosedReport();
  EXPECT_EQ(Summary(report, {}).find("Traces"), std::string::npos);
  report.total.traces = {.sampled = 1234, .exported = 1200, .dropped = 34};
  EXPECT_NE(Summary(report, {}).find("\nTraces: 1234 sampled, 1200 sent, 34 dropped\n"),
            std::string::npos);
}

TEST(SummaryTest, HostileTextReachesNoTerminal) {
  const std::string text = Summary(HostileReport(), {});
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_NE(text.find("  <img src=x> | \\x1b[1m\n"), std::string::npos) << text;
  EXPECT_NE(text.find("× -2+3\n             second line"), std::string::npos) << text;
}

TEST(SummaryTest, PasswordInTheHostIsLeftOut) {
  EXPECT_EQ(FinalReport(ClosedReport(), {}).find("s3cret"), std::string::npos);
}

TEST(SummaryTest, VerdictIsTheLastBlockAndHasItsColour) {
  RunReport report = ClosedReport();
  report.verdict = {.verdict = Verdict::kPass};
  const std::string text = Summary(report, {.colour = true});
  EXPECT_TRUE(text.ends_with("Verdict: \x1b[32mPASS\x1b[0m\n")) << text;
}

TEST(SummaryTest, LongListsAreCutAndSaySo) {
  RunReport report = EmptyReport();
  for (int i = 0; i < 130; ++i) {
    report.total.task_errors["error " + std::to_string(i)] = 1;
  }
  EXPECT_NE(Summary(report, {}).find("and 30 more, all of them in the JSON report"),
            std::string::npos);
}

}  // namespace
}  // namespace squall
