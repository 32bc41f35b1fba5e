#include "daemon/stats/agent_series.h"

#include <gtest/gtest.h>

namespace squall {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

Snapshot AgentAt(Nanos elapsed, uint64_t requests, uint64_t failures = 0, uint64_t users = 5) {
  Snapshot agent;
  agent.agent_id = "b:7071";
  agent.elapsed = elapsed;
  agent.users = {{"Buyer", users}};
  agent.target_users = users + 1;
  agent.entries[{RunPhase::kWarmUp, "Buy", "POST"}].requests = requests / 2;
  agent.entries[{RunPhase::kMeasured, "Buy", "POST"}].requests = requests - requests / 2;
  agent.entries[{RunPhase::kMeasured, "Buy", "POST"}].failures = failures;
  agent.health.loop_lag.RecordMany(milliseconds(3), 10);
  return agent;
}

uint64_t RequestsOf(const AgentSeries& series) {
  uint64_t total = 0;
  for (const AgentPoint& point : series.points()) {
    total += point.requests;
  }
  return total;
}

TEST(AgentSeriesTest, EachPointHoldsWhatTheAgentDidInItsStep) {
  AgentSeries series(100);
  series.Add(AgentAt(seconds(1), 10));
  series.Add(AgentAt(seconds(2), 25, 2, 8));
  ASSERT_EQ(series.points().size(), 2U);
  EXPECT_EQ(series.points()[0].requests, 10U);
  const AgentPoint& second = series.points()[1];
  EXPECT_EQ(second.start, seconds(1));
  EXPECT_EQ(second.length, seconds(1));
  EXPECT_EQ(second.requests, 15U);
  EXPECT_EQ(second.failures, 2U);
  EXPECT_EQ(second.users, 8U);
  EXPECT_EQ(second.target_users, 9U);
  EXPECT_EQ(second.loop_lag_p99, milliseconds(3));
}

TEST(AgentSeriesTest, TheLineOfALostAgentEnds) {
  AgentSeries series(100);
  series.Add(AgentAt(seconds(1), 10));
  const Snapshot last = AgentAt(seconds(2), 20);
  for (int tick = 0; tick < 5; ++tick) {
    series.Add(last);
  }
  EXPECT_EQ(series.points().size(), 2U);
  EXPECT_EQ(RequestsOf(series), 20U);
}

TEST(AgentSeriesTest, ThinningKeepsEveryRequestAndTheLastUsers) {
  AgentSeries series(10);
  for (int second = 1; second <= 500; ++second) {
    series.Add(AgentAt(seconds(second), uint64_t{3} * second, second, second));
    ASSERT_LE(series.points().size(), 11U);
    ASSERT_EQ(RequestsOf(series), 3U * second);
  }
  EXPECT_EQ(series.points().back().users, 500U);
  const AgentPoint& first = series.points().front();
  EXPECT_GT(first.length, seconds(50));
  EXPECT_EQ(seconds(first.users), first.length) << "as many as at its end";
}

TEST(AgentSeriesTest, ALowerBoundThinsWhatIsThere) {
  AgentSeries series(1'000);
  for (int second = 1; second <= 301; ++second) {
    series.Add(AgentAt(seconds(second), second));
  }
  series.SetPointsMax(20);
  EXPECT_LE(series.points().size(), 21U);
  EXPECT_EQ(RequestsOf(series), 301U);
  EXPECT_EQ(series.TakeFirstChanged(), 0U);
}

TEST(AgentSeriesTest, RestoredPointsGoOnWithoutAGap) {
  AgentSeries before(100);
  before.Add(AgentAt(seconds(1), 10, 1));
  before.Add(AgentAt(seconds(2), 30, 2));
  AgentSeries after(100);
  ASSERT_TRUE(after.Restore(before.points()).ok());
  after.Add(AgentAt(seconds(7), 95, 4));
  ASSERT_EQ(after.points().size(), 3U);
  EXPECT_EQ(after.points()[2].start, seconds(2));
  EXPECT_EQ(after.points()[2].length, seconds(5));
  EXPECT_EQ(after.points()[2].requests, 65U);
  EXPECT_EQ(after.points()[2].failures, 2U);
}

TEST(AgentSeriesTest, ARestartedAgentThatCountsFromZeroAddsNoNonsense) {
  AgentSeries series(100);
  series.Add(AgentAt(seconds(1), 10));
  series.Add(AgentAt(seconds(2), 4));
  EXPECT_EQ(RequestsOf(series), 10U);
}

TEST(AgentSeriesTest, PointsThatDoNotAscendAreRefused) {
  AgentSeries series(100);
  EXPECT_FALSE(series
                   .Restore({{.start = seconds(5), .length = seconds(1)},
                             {.start = seconds(1), .length = seconds(1)}})
                   .ok());
}

}  // namespace
}  // namespace squall
