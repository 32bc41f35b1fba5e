#include "daemon/report/view_of.h"

#include <gtest/gtest.h>

#include "tests/daemon/report/sample_report.h"

namespace squall {
namespace {

TEST(ViewOfTest, HasTheFiguresOfTheReport) {
  const RunReport report = ClosedReport();
  const RunView view = ViewOf(report);
  EXPECT_EQ(view.version, 0U);
  EXPECT_EQ(view.summary.state, RunState::kFinished);
  EXPECT_EQ(view.summary.requests, 300U);
  EXPECT_EQ(view.summary.failures, 8U);
  EXPECT_EQ(view.summary.verdict, Verdict::kFail);
  EXPECT_EQ(view.summary.reasons, report.verdict.reasons);
  EXPECT_DOUBLE_EQ(view.requests_per_second, 15);
  EXPECT_DOUBLE_EQ(view.failures_per_second, 0.4);
  EXPECT_EQ(view.seed, report.seed);
}

TEST(ViewOfTest, WarningsOfTheVerdictAndOfTheRunAreBothThere) {
  EXPECT_EQ(ViewOf(ClosedReport()).summary.warnings.size(), 2U);
}

TEST(ViewOfTest, AgentsAreCalledAsTheyDescribeThemselves) {
  RunReport report = ClosedReport();
  report.agent_descriptions = {{.agent_id = "a-2", .name = "pod-2", .version = "1.2.3"}};
  report.lost_agents = {"a-1"};
  report.agents[1].started_at += std::chrono::milliseconds(30);
  const RunView view = ViewOf(report);
  ASSERT_EQ(view.agents.size(), 2U);
  EXPECT_EQ(view.agents[0].name, "a-1");
  EXPECT_TRUE(view.agents[0].lost);
  EXPECT_EQ(view.agents[0].start_skew, Nanos(0));
  EXPECT_EQ(view.agents[1].name, "pod-2");
  EXPECT_EQ(view.agents[1].version, "1.2.3");
  EXPECT_FALSE(view.agents[1].lost);
  EXPECT_EQ(view.agents[1].start_skew, std::chrono::milliseconds(30));
  EXPECT_EQ(view.agents[1].requests, 150U);
  EXPECT_NEAR(view.agents[1].cpu_cores, 0.36, 1e-9);
}

TEST(ViewOfTest, ARunThatNeverStartedHasNoTimes) {
  const RunView view = ViewOf(RunReport());
  EXPECT_FALSE(view.summary.started_at.has_value());
  EXPECT_FALSE(view.summary.ended_at.has_value());
}

}  // namespace
}  // namespace squall
