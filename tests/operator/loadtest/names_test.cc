#include "operator/loadtest/names.h"

#include <gtest/gtest.h>

namespace squall {
namespace {

TEST(NamesTest, FollowFromTheLoadTest) {
  EXPECT_EQ(AgentPodName("peak", 12), "peak-agent-12");
  EXPECT_EQ(AgentsName("peak"), "peak-agents");
  EXPECT_EQ(RunSecretName("peak"), "peak-run");
  EXPECT_EQ(SelectorOf("peak"),
            "app.kubernetes.io/managed-by=squall-operator,squall.dev/load-test=peak");
  EXPECT_EQ(AgentsRunId("0f8c", "7"), "0f8c-7");
}

TEST(NamesTest, ALaterPodOfTheSameNameIsAnotherAgent) {
  EXPECT_EQ(AgentNameOf("peak-agent-1", "0f8c2a54-9d3e"), "peak-agent-1-0f8c2");
  EXPECT_NE(AgentNameOf("peak-agent-1", "11111111-9d3e"), "peak-agent-1-0f8c2");
}

TEST(NamesTest, AnAgentKnowsItsPod) {
  EXPECT_TRUE(IsAgentOfPod("peak-agent-1-0f8c2", "peak-agent-1"));
  EXPECT_TRUE(IsAgentOfPod("peak-agent-1-0f8c2#2", "peak-agent-1"));
  EXPECT_FALSE(IsAgentOfPod("peak-agent-10-0f8c2", "peak-agent-1"));
  EXPECT_FALSE(IsAgentOfPod("peak-agent-1-0f8c2", "peak-agent-10"));
  EXPECT_FALSE(IsAgentOfPod("peak-agent-1", "peak-agent-1"));
}

TEST(NamesTest, AReportIsCalledByItsRunInLettersThatNamesMayHave) {
  EXPECT_EQ(ReportName("peak", "1"), "peak-1-report");
  EXPECT_EQ(ReportName("peak", "Release_1.2"), "peak-release-1.2-report");
  // A dot must have a letter or a digit on both sides.
  EXPECT_EQ(ReportName("peak", "1_.2"), "peak-1--2-report");
  EXPECT_EQ(ReportName("peak", "1..2"), "peak-1--2-report");
  EXPECT_EQ(ReportName("peak", "1-.-2"), "peak-1---2-report");
}

}  // namespace
}  // namespace squall
