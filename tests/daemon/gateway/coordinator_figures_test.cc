#include "daemon/gateway/coordinator_figures.h"

#include <chrono>
#include <memory>

#include <gtest/gtest.h>

namespace squall {
namespace {

using std::chrono::seconds;

TEST(CoordinatorFiguresTest, ARunIsToldAsItsPageShowsIt) {
  Snapshot total;
  total.elapsed = seconds(12);
  total.target_users = 40;
  RunView view;
  view.summary.run_id = "run-1";
  view.summary.plan_name = "web shop";
  view.summary.state = RunState::kPaused;
  view.summary.users = 30;
  view.total = std::make_shared<const Snapshot>(total);
  AgentView heard;
  heard.agent_id = "a-1";
  heard.last_seen = WallTime(seconds(100));
  AgentView silent;
  silent.agent_id = "a-2";
  view.agents = {heard, silent};
  const CoordinatedRun run = CoordinatedRunOf(view, WallTime(seconds(105)));
  EXPECT_EQ(run.run_id, "run-1");
  EXPECT_EQ(run.test, "web shop");
  EXPECT_EQ(run.state, RunState::kPaused);
  EXPECT_EQ(run.elapsed, Nanos(seconds(12)));
  EXPECT_EQ(run.users, 30U);
  EXPECT_EQ(run.target_users, 40U);
  ASSERT_EQ(run.agents.size(), 2U);
  EXPECT_FALSE(run.agents[0].lost);
  EXPECT_EQ(run.agents[0].snapshot_age, Nanos(seconds(5)));
  EXPECT_FALSE(run.agents[1].snapshot_age.has_value()) << "it has not been heard yet";
}

TEST(CoordinatorFiguresTest, AgentsThatAreDoneOrBackAreNoneToMiss) {
  const auto agent = [](std::string agent_id, bool lost, RunState state) {
    AgentView view;
    view.agent_id = std::move(agent_id);
    view.lost = lost;
    view.state = state;
    view.last_seen = WallTime(seconds(100));
    return view;
  };
  RunView view;
  view.agents = {
      agent("left", false, RunState::kFinished), agent("broke", false, RunState::kFailed),
      agent("b", true, RunState::kRunning),      agent("b#2", true, RunState::kRunning),
      agent("b#3", false, RunState::kRunning),   agent("gone", true, RunState::kRunning),
      agent("gone#x", false, RunState::kRunning)};
  const CoordinatedRun run = CoordinatedRunOf(view, WallTime(seconds(105)));
  ASSERT_EQ(run.agents.size(), 3U);
  EXPECT_EQ(run.agents[0].agent_id, "b#3");
  EXPECT_EQ(run.agents[0].snapshot_age, Nanos(seconds(5)));
  EXPECT_EQ(run.agents[1].agent_id, "gone");
  EXPECT_TRUE(run.agents[1].lost);
  EXPECT_FALSE(run.agents[1].snapshot_age.has_value()) << "that it is lost is said";
  EXPECT_EQ(run.agents[2].agent_id, "gone#x");
}

TEST(CoordinatorFiguresTest, ARunThatNobodyHasHeardOfHasNoFigures) {
  const CoordinatedRun run = CoordinatedRunOf({}, WallTime(seconds(1)));
  EXPECT_EQ(run.elapsed, Nanos(0));
  EXPECT_TRUE(run.agents.empty());
}

TEST(RunTallyTest, RunsAreCountedByTheirEnd) {
  RunTally tally;
  for (int i = 0; i < 5; ++i) {
    tally.CountStart();
  }
  RunSummary summary;
  summary.state = RunState::kFinished;
  for (const Verdict verdict :
       {Verdict::kPass, Verdict::kPass, Verdict::kFail, Verdict::kInvalid}) {
    summary.verdict = verdict;
    tally.CountEnd(summary);
  }
  summary.state = RunState::kFailed;
  tally.CountEnd(summary);
  const CoordinatorFigures figures = tally.Figures();
  EXPECT_EQ(figures.runs_started, 5U);
  EXPECT_EQ(figures.runs_finished, (std::map<std::string, uint64_t>{
                                       {"pass", 2}, {"fail", 1}, {"invalid", 1}, {"failed", 1}}));
}

}  // namespace
}  // namespace squall
