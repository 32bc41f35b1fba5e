#include "daemon/coordinator/run_view_keeper.h"

#include <atomic>
#include <thread>

#include <gmock/gmock.h>

namespace squall {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::SizeIs;

constexpr uint64_t kPerSecond = 5;  // requests of each agent

Snapshot SnapshotOf(const std::string& agent, int second) {
  Snapshot snapshot;
  snapshot.run_id = "r";
  snapshot.agent_id = agent;
  snapshot.sequence = static_cast<uint64_t>(second);
  snapshot.state = RunState::kRunning;
  snapshot.started_at = WallTime(seconds(1000));
  snapshot.elapsed = seconds(second);
  snapshot.users["Shopper"] = 3;
  snapshot.health.cpu_seconds = 0.5 * second;
  snapshot.health.elapsed_seconds = second;
  EntryStats* entry = &snapshot.entries[{RunPhase::kMeasured, "/", "GET"}];
  entry->requests = kPerSecond * static_cast<uint64_t>(second);
  entry->failures = static_cast<uint64_t>(second);
  return snapshot;
}

// A run's coordinator, as far as observers see it.
class Driver final {
 public:
  explicit Driver(size_t points_max = 7200)
      : lines_({.run_points_max = points_max}),
        profile_(*Profile::Make({.load = ConstantLoad{.users = 6}})) {}

  void Follow(const LoadProfile& load) { profile_ = *Profile::Make(load); }
  void Restore(const SeriesLines& lines, const Snapshot& merged) {
    ASSERT_TRUE(lines_.Restore(lines, merged).ok());
  }
  void RestoreHeat(const std::vector<HeatColumn>& heat) { ASSERT_TRUE(heat_.Restore(heat).ok()); }
  const Profile& profile() const { return profile_; }
  const SeriesSet& lines() const { return lines_; }

  void Tick(const std::vector<Snapshot>& snapshots, RunViewKeeper* keeper) {
    RunProgress progress;
    for (const Snapshot& snapshot : snapshots) {
      progress.agents.push_back(&snapshot);
    }
    progress.merged = std::make_shared<const Snapshot>(MergeSnapshots(progress.agents));
    lines_.Add(*progress.merged, progress.agents);
    heat_.Add(progress.merged->elapsed, progress.merged->Total().response);
    progress.series = &lines_.run();
    progress.heat = &heat_;
    progress.lines = &lines_;
    progress.profile = &profile_;
    progress.thresholds = &thresholds_;
    progress.warnings = &warnings_;
    progress.invalid_so_far = {"short of CPU"};
    keeper->OnTick(progress);
  }

 private:
  SeriesSet lines_;
  HeatMap heat_;
  Profile profile_;
  std::vector<ThresholdResult> thresholds_;
  std::vector<std::string> warnings_ = {"odd"};
};

class RunViewKeeperTest : public testing::Test {
 protected:
  RunViewKeeperTest() {
    plan_.service.base_url = "http://shop";
    plan_.seed = 42;
    plan_.load_profile = driver_.profile().load();
    keeper_.Begin(plan_, driver_.profile());
  }
  static const AgentView& AgentNamed(const RunView& view, const std::string& name) {
    for (const AgentView& agent : view.agents) {
      if (agent.agent_id == name) {
        return agent;
      }
    }
    ADD_FAILURE() << "no agent " << name;
    return view.agents.front();
  }

  ManualClock clock_;
  Plan plan_;
  Driver driver_;
  RunViewKeeper keeper_{clock_, "1.2.3"};
};

TEST_F(RunViewKeeperTest, WhatIsPlannedIsShownBeforeThereIsAnyFigure) {
  keeper_.AddAgent({.agent_id = "a", .name = "pod-1", .version = "1.2.3", .shards = 2});
  const auto view = keeper_.View();
  EXPECT_EQ(view->host, "http://shop");
  EXPECT_EQ(view->squall_version, "1.2.3");
  EXPECT_EQ(view->seed, 42U);
  EXPECT_EQ(view->options.users, 6U);
  EXPECT_FALSE(view->planned.empty());
  EXPECT_EQ(view->stages, std::nullopt);
  EXPECT_EQ(view->total, nullptr);
  ASSERT_THAT(view->agents, SizeIs(1));
  EXPECT_EQ(view->agents[0].name, "pod-1");
  EXPECT_EQ(view->agents[0].state, RunState::kPrepared);
  EXPECT_TRUE(keeper_.Points(0).points.empty());
}

TEST_F(RunViewKeeperTest, ATickBringsFiguresAgentsAndPoints) {
  keeper_.AddAgent({.agent_id = "a", .name = "pod-1", .version = "1.2.3"});
  Snapshot late = SnapshotOf("b", 1);
  late.started_at += seconds(2);
  driver_.Tick({SnapshotOf("a", 1), late}, &keeper_);
  driver_.Tick({SnapshotOf("a", 3), SnapshotOf("b", 3)}, &keeper_);
  const auto view = keeper_.View();
  EXPECT_EQ(view->summary.requests, 30U);
  EXPECT_EQ(view->summary.failures, 6U);
  EXPECT_EQ(view->summary.users, 6U);
  EXPECT_EQ(view->summary.state, RunState::kRunning);
  EXPECT_THAT(view->summary.warnings, ElementsAre("odd"));
  EXPECT_THAT(view->invalid_so_far, ElementsAre("short of CPU"));
  EXPECT_DOUBLE_EQ(view->requests_per_second, 10);
  EXPECT_DOUBLE_EQ(view->failures_per_second, 2);
  EXPECT_EQ(view->total->elapsed, seconds(3));
  EXPECT_FALSE(view->heat->empty());
  const AgentView& agent = AgentNamed(*view, "a");
  EXPECT_EQ(agent.name, "pod-1");
  EXPECT_EQ(agent.requests, 15U);
  EXPECT_DOUBLE_EQ(agent.requests_per_second, 5);
  EXPECT_DOUBLE_EQ(agent.cpu_cores, 0.5);
  EXPECT_EQ(AgentNamed(*view, "b").name, "b") << "nobody has said what it calls itself";
  EXPECT_EQ(keeper_.Points(0).points, driver_.lines().run().points());
}

TEST_F(RunViewKeeperTest, AnAgentThatStartedLaterHasASkew) {
  Snapshot late = SnapshotOf("b", 1);
  late.started_at += std::chrono::milliseconds(70);
  driver_.Tick({SnapshotOf("a", 1), late}, &keeper_);
  EXPECT_EQ(AgentNamed(*keeper_.View(), "a").start_skew, Nanos(0));
  EXPECT_EQ(AgentNamed(*keeper_.View(), "b").start_skew, std::chrono::milliseconds(70));
}

TEST_F(RunViewKeeperTest, OneWhoIsLostIsMarkedAndOneWhoLeftIsNot) {
  RunRoster roster;
  Snapshot left = SnapshotOf("left", 2);
  roster.members = {{"a", "", {}, MemberFate::kPresent},
                    {"lost", "", {}, MemberFate::kLost},
                    {"left", "", {}, MemberFate::kGone, left}};
  keeper_.OnRoster(roster);
  driver_.Tick({SnapshotOf("a", 2), SnapshotOf("lost", 1), left}, &keeper_);
  driver_.Tick({SnapshotOf("a", 3), SnapshotOf("lost", 1), left}, &keeper_);
  EXPECT_FALSE(AgentNamed(*keeper_.View(), "a").lost);
  EXPECT_TRUE(AgentNamed(*keeper_.View(), "lost").lost);
  EXPECT_EQ(AgentNamed(*keeper_.View(), "lost").requests_per_second, 0);
  EXPECT_FALSE(AgentNamed(*keeper_.View(), "left").lost);
}

TEST_F(RunViewKeeperTest, EveryChangeHasAVersionAndWhatWasSeenStaysAsItWas) {
  const uint64_t before = keeper_.Version();
  const auto old = keeper_.View();
  EXPECT_EQ(keeper_.View(), old) << "nothing has changed: the same object";
  driver_.Tick({SnapshotOf("a", 1)}, &keeper_);
  EXPECT_GT(keeper_.Version(), before);
  EXPECT_EQ(keeper_.View()->version, keeper_.Version());
  EXPECT_EQ(old->total, nullptr);
}

TEST_F(RunViewKeeperTest, WhoTakesOverBeginsWithAHigherVersion) {
  for (int second = 1; second <= 20; ++second) {
    clock_.Advance(seconds(1));
    driver_.Tick({SnapshotOf("a", second)}, &keeper_);
  }
  const RunViewKeeper next(clock_, "1.2.3");
  EXPECT_GT(next.Version(), keeper_.Version());
}

TEST_F(RunViewKeeperTest, AnotherProfileIsDrawnAndItsStagesCanBeEdited) {
  const std::vector<Stage> stages = {{seconds(10), 4, 2}, {seconds(20), 8, 2}};
  driver_.Follow({.load = stages});
  driver_.Tick({SnapshotOf("a", 1)}, &keeper_);
  const auto view = keeper_.View();
  EXPECT_EQ(view->stages, stages);
  EXPECT_EQ(view->options.run_time, seconds(30));
  EXPECT_EQ(view->options.users, 8U);
  EXPECT_EQ(view->planned.back().at, seconds(30));
}

TEST_F(RunViewKeeperTest, UsersThatWereSetByHandAreSaidToBe) {
  RunRoster roster;
  roster.control.load = LoadRequest{.users = 3, .spawn_rate = 20};
  keeper_.OnRoster(roster);
  EXPECT_EQ(keeper_.View()->overridden, (LoadByHand{.users = 3, .spawn_rate = 20}));
  roster.control.load = LoadRequest{.arrival_factor = 1.5};
  keeper_.OnRoster(roster);
  EXPECT_EQ(keeper_.View()->overridden, LoadByHand{.arrival_factor = 1.5});
  roster.control.load = LoadRequest{.clear = true};
  keeper_.OnRoster(roster);
  EXPECT_FALSE(keeper_.View()->overridden);
}

TEST_F(RunViewKeeperTest, UsersOfALocustfilesShapeAreNobodysHand) {
  Plan plan;
  plan.load_profile.load = ConstantLoad{.users = 0};
  keeper_.Begin(plan, *Profile::Make(plan.load_profile));
  RunRoster roster;
  roster.control.load = LoadRequest{.users = 3};
  keeper_.OnRoster(roster);
  EXPECT_FALSE(keeper_.View()->overridden);
}

TEST_F(RunViewKeeperTest, AReaderGetsOnlyThePointsItDoesNotKnow) {
  for (int second = 1; second <= 5; ++second) {
    driver_.Tick({SnapshotOf("a", second)}, &keeper_);
  }
  EXPECT_EQ(keeper_.Points(0).from, 0U);
  EXPECT_THAT(keeper_.Points(0).points, SizeIs(5));
  EXPECT_EQ(keeper_.Points(5).from, 4U) << "the last may have grown";
  EXPECT_THAT(keeper_.Points(5).points, SizeIs(1));
  EXPECT_EQ(keeper_.Points(3).from, 2U);
  EXPECT_THAT(keeper_.Points(3).points, SizeIs(3));
  EXPECT_EQ(keeper_.Points(50).from, 0U) << "it cannot know so many";
  EXPECT_EQ(keeper_.Points(1).step, seconds(1));
}

TEST_F(RunViewKeeperTest, AThinnedLineIsFollowedAndTellsByItsStep) {
  Driver driver(/*points_max=*/8);
  for (int second = 1; second <= 40; ++second) {
    driver.Tick({SnapshotOf("a", second)}, &keeper_);
    ASSERT_EQ(keeper_.Points(0).points, driver.lines().run().points()) << "second " << second;
  }
  EXPECT_GE(keeper_.Points(0).step, seconds(4));
}

TEST_F(RunViewKeeperTest, AfterARestartNothingThatIsShownIsLess) {
  for (int second = 1; second <= 30; ++second) {
    driver_.Tick({SnapshotOf("a", second), SnapshotOf("b", second)}, &keeper_);
  }
  Resumption resumption;
  for (const char* name : {"a", "b"}) {
    resumption.members.push_back({{.name = name}, {}, SnapshotOf(name, 30)});
  }
  resumption.series = driver_.lines().Lines();
  resumption.heat = *keeper_.View()->heat;
  RunViewKeeper next(clock_, "1.2.3");
  next.Begin(plan_, driver_.profile());
  next.Update([&](RunView* view) { view->summary = keeper_.Summary(); });
  next.Restore(resumption);
  const auto expect_no_less = [&](const std::string& when) {
    const auto view = next.View();
    EXPECT_GE(view->summary.requests, 300U) << when;
    EXPECT_EQ(view->summary.users, 6U) << when;
    EXPECT_DOUBLE_EQ(view->requests_per_second, 10) << when;
    ASSERT_NE(view->total, nullptr) << when;
    EXPECT_GE(view->total->elapsed, seconds(30)) << when;
    EXPECT_EQ(view->agents.size(), 2U) << when;
    EXPECT_GE(next.Points(0).points.size(), 30U) << when;
    EXPECT_GE(view->heat->size(), 30U) << when;
  };
  expect_no_less("before the first tick");

  Driver later;
  later.Restore(resumption.series, *next.View()->total);
  later.RestoreHeat(resumption.heat);
  later.Tick({SnapshotOf("a", 30), SnapshotOf("b", 30)}, &next);
  expect_no_less("before any agent is heard");
  later.Tick({SnapshotOf("a", 40), SnapshotOf("b", 30)}, &next);
  EXPECT_THAT(next.Points(0).points, SizeIs(31)) << "one point as long as nobody was there";
  EXPECT_EQ(next.Points(0).points.back().start, seconds(30));
  EXPECT_EQ(next.Points(0).points.back().length, seconds(10));
  later.Tick({SnapshotOf("a", 41), SnapshotOf("b", 41)}, &next);
  EXPECT_EQ(next.View()->summary.requests, 410U);
}

TEST_F(RunViewKeeperTest, TheEndReplacesEverything) {
  driver_.Tick({SnapshotOf("a", 1)}, &keeper_);
  const uint64_t before = keeper_.Version();
  RunView finished = *keeper_.View();
  finished.version = 0;
  finished.summary.state = RunState::kFinished;
  keeper_.Finish(std::move(finished));
  EXPECT_EQ(keeper_.View()->summary.state, RunState::kFinished);
  EXPECT_GT(keeper_.Version(), before);
}

TEST_F(RunViewKeeperTest, OthersMayReadWhileTheRunGoesOn) {
  std::atomic<bool> over = false;
  std::thread reader([&] {
    uint64_t version = 0;
    size_t known = 0;
    while (!over) {
      const auto view = keeper_.View();
      EXPECT_GE(view->version, version);
      version = view->version;
      const PointsPage page = keeper_.Points(known);
      EXPECT_GE(page.from + page.points.size(), known);
      known = page.from + page.points.size();
    }
  });
  for (int second = 1; second <= 200; ++second) {
    driver_.Tick({SnapshotOf("a", second)}, &keeper_);
  }
  over = true;
  reader.join();
}

}  // namespace
}  // namespace squall
