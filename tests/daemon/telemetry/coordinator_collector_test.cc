#include "daemon/telemetry/coordinator_collector.h"

#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "daemon/telemetry/metric_families.h"
#include "daemon/telemetry/metric_page.h"
#include "tests/support/golden.h"

namespace squall {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

std::string Text(const CoordinatorFigures& figures, const CoordinatorLimits& limits = {}) {
  return MetricPage(CollectCoordinator(figures, limits), MetricFormat::kText);
}

bool Has(const std::string& text, const std::string& line) {
  return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

CoordinatorFigures Busy() {
  CoordinatorFigures figures;
  figures.runs = {
      {"run-1",
       "web shop",
       RunState::kRunning,
       milliseconds(12'500),
       30,
       40,
       {{"a-1", false, milliseconds(250)}, {"a-2", true, seconds(8)}, {"a-3", false, {}}}},
      {"run-2", "search", RunState::kPrepared, {}, 0, 0, {}}};
  figures.runs_started = 9;
  figures.runs_finished = {{"pass", 4}, {"invalid", 1}};
  figures.agents_idle = 5;
  figures.store_bytes = 4096;
  figures.store_writes = 77;
  figures.http_requests = std::map<int, uint64_t>{{200, 12}, {404, 1}};
  figures.event_streams = 2;
  return figures;
}

TEST(CoordinatorCollectorTest, EveryMetricIsInTheGoldenFile) {
  MetricFamilies families = CollectCoordinator(Busy());
  AddBuild("1.2.3", &families);
  AddProcess({3.25, 1 << 20, 17, 1024}, WallTime(seconds(1'700'000'000)), &families);
  ExpectGolden("metrics/coordinator.txt", MetricPage(families, MetricFormat::kText));
}

TEST(CoordinatorCollectorTest, ACoordinatorWithNothingToDoStillTellsItsStates) {
  const std::string text = Text({});
  EXPECT_TRUE(Has(text, "squall_coordinator_runs{state=\"running\"} 0"));
  EXPECT_TRUE(Has(text, "squall_coordinator_runs_finished_total{verdict=\"failed\"} 0"));
  EXPECT_TRUE(Has(text, "squall_coordinator_agents{state=\"lost\"} 0"));
  EXPECT_EQ(text.find("squall_coordinator_store"), std::string::npos);
  EXPECT_EQ(text.find("squall_coordinator_http"), std::string::npos);
}

TEST(CoordinatorCollectorTest, TheAgentsThatAreSilentForLongestHaveSeries) {
  CoordinatorFigures figures;
  CoordinatedRun run;
  run.state = RunState::kRunning;
  for (int i = 1; i <= 5; ++i) {
    run.agents.push_back({fmt::format("a-{}", i), false, seconds(i)});
  }
  run.agents.push_back({"from the future", false, seconds(-3)});
  figures.runs = {run};
  CoordinatorLimits limits;
  limits.agents_max = 2;
  const std::string text = Text(figures, limits);
  EXPECT_TRUE(Has(text, "squall_coordinator_snapshot_age_seconds{agent=\"a-5\"} 5"));
  EXPECT_TRUE(Has(text, "squall_coordinator_snapshot_age_seconds{agent=\"a-4\"} 4"));
  EXPECT_TRUE(Has(text, "squall_coordinator_snapshot_age_seconds{agent=\"other\"} 3"));
  EXPECT_EQ(text.find("a-2"), std::string::npos);
  EXPECT_TRUE(
      Has(Text(figures), "squall_coordinator_snapshot_age_seconds{agent=\"from the future\"} 0"));
}

}  // namespace
}  // namespace squall
