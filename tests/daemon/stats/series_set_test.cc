#include "daemon/stats/series_set.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace squall {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Agents whose requests the test makes by hand.
class FakeFleet {
 public:
  explicit FakeFleet(std::vector<std::string> ids) {
    for (std::string& id : ids) {
      Join(std::move(id));
    }
  }

  void Join(std::string id) { agents_.emplace_back().agent_id = std::move(id); }

  void Finish(size_t agent, const std::string& name, uint64_t count,
              RunPhase phase = RunPhase::kMeasured) {
    EntryStats& entry = agents_[agent].entries[{phase, name, "GET"}];
    entry.requests += count;
    entry.response.RecordMany(milliseconds(20), count);
    entry.service.RecordMany(milliseconds(10), count);
  }

  // Its figures stay as they are from now on.
  void Lose(size_t agent) { lost_.insert(lost_.end(), agent); }

  void Tick(Nanos elapsed, SeriesSet* set) {
    std::vector<const Snapshot*> agents;
    for (size_t i = 0; i < agents_.size(); ++i) {
      if (std::find(lost_.begin(), lost_.end(), i) == lost_.end()) {
        agents_[i].elapsed = elapsed;
        agents_[i].users = {{"Buyer", 3}};
      }
      agents.push_back(&agents_[i]);
    }
    merged_ = MergeSnapshots(agents);
    set->Add(merged_, agents);
  }
  const Snapshot& merged() const { return merged_; }

 private:
  std::vector<Snapshot> agents_;
  std::vector<size_t> lost_;
  Snapshot merged_;
};

template <typename Point>
uint64_t Sum(const std::vector<Point>& points) {
  uint64_t total = 0;
  for (const Point& point : points) {
    total += point.requests;
  }
  return total;
}

TEST(SeriesSetTest, ADayIsKeptSecondBySecond) {
  SeriesSet set;
  Snapshot merged;
  for (int i = 1; i <= 86'400; ++i) {
    merged.elapsed = seconds(i);
    set.Add(merged, {});
  }
  ASSERT_EQ(set.run().points().size(), 86'400U);
  EXPECT_EQ(set.run().points().front().length, seconds(1));
}

TEST(SeriesSetTest, TheRunEachNameAndEachAgentHaveALine) {
  FakeFleet fleet({"a:1", "b:2"});
  SeriesSet set;
  for (int second = 1; second <= 3; ++second) {
    fleet.Finish(0, "Buy", 5);
    fleet.Finish(1, "Buy", 2);
    fleet.Finish(1, "Browse", 1);
    fleet.Tick(seconds(second), &set);
  }
  const SeriesLines lines = set.Lines();
  EXPECT_EQ(Sum(lines.run), 24U);
  EXPECT_EQ(lines.run.back().users, 6U);
  ASSERT_EQ(lines.by_name.size(), 2U);
  const std::vector<SeriesPoint>& buy = lines.by_name.at({"Buy", "GET"});
  ASSERT_EQ(buy.size(), 3U);
  EXPECT_EQ(buy[1].requests, 7U);
  EXPECT_EQ(buy[1].response_p99, milliseconds(20));
  EXPECT_EQ(buy[1].service_p95, milliseconds(10));
  EXPECT_EQ(buy[1].users, 0U) << "users belong to no name";
  EXPECT_EQ(Sum(lines.by_name.at({"Browse", "GET"})), 3U);
  ASSERT_EQ(lines.by_agent.size(), 2U);
  EXPECT_EQ(lines.by_agent.at("a:1")[2].requests, 5U);
  EXPECT_EQ(lines.by_agent.at("b:2")[2].requests, 3U);
  EXPECT_EQ(lines.by_agent.at("b:2")[2].users, 3U);
}

TEST(SeriesSetTest, AllPhasesOfANameAreOneLine) {
  FakeFleet fleet({"a:1"});
  SeriesSet set;
  fleet.Finish(0, "Buy", 5, RunPhase::kWarmUp);
  fleet.Tick(seconds(1), &set);
  fleet.Finish(0, "Buy", 4, RunPhase::kMeasured);
  fleet.Finish(0, "Buy", 3, RunPhase::kCoolDown);
  fleet.Tick(seconds(2), &set);
  const SeriesLines lines = set.Lines();
  ASSERT_EQ(lines.by_name.size(), 1U);
  const std::vector<SeriesPoint>& buy = lines.by_name.begin()->second;
  ASSERT_EQ(buy.size(), 2U);
  EXPECT_EQ(buy[0].requests, 5U);
  EXPECT_EQ(buy[1].requests, 7U);
}

TEST(SeriesSetTest, LinesBeginWhenTheirNameOrAgentAppears) {
  FakeFleet fleet({"a:1"});
  SeriesSet set;
  fleet.Finish(0, "Buy", 1);
  fleet.Tick(seconds(60), &set);
  fleet.Join("late:2");
  fleet.Finish(1, "Browse", 4);
  fleet.Tick(seconds(61), &set);
  const SeriesLines lines = set.Lines();
  EXPECT_EQ(lines.by_name.at({"Buy", "GET"}).front().start, seconds(0));
  ASSERT_EQ(lines.by_name.at({"Browse", "GET"}).size(), 1U);
  EXPECT_EQ(lines.by_name.at({"Browse", "GET"}).front().start, seconds(60));
  EXPECT_EQ(lines.by_agent.at("late:2").front().start, seconds(60));
  EXPECT_EQ(lines.by_agent.at("late:2").front().requests, 4U);
}

TEST(SeriesSetTest, TheLineOfALostAgentEndsAndItsRequestsStay) {
  FakeFleet fleet({"a:1", "b:2"});
  SeriesSet set;
  for (int second = 1; second <= 6; ++second) {
    fleet.Finish(0, "Buy", 1);
    if (second <= 3) {
      fleet.Finish(1, "Buy", 1);
    }
    if (second == 4) {
      fleet.Lose(1);
    }
    fleet.Tick(seconds(second), &set);
  }
  const SeriesLines lines = set.Lines();
  EXPECT_EQ(lines.by_agent.at("a:1").size(), 6U);
  EXPECT_EQ(lines.by_agent.at("b:2").size(), 3U);
  EXPECT_EQ(Sum(lines.run), 9U);
}

TEST(SeriesSetTest, NamesPastTheCapAreCountedButHaveNoLine) {
  FakeFleet fleet({"a:1"});
  SeriesSet set({.names_max = 3});
  for (const std::string name : {"d", "c", "b"}) {
    fleet.Finish(0, name, 1);
  }
  fleet.Tick(seconds(1), &set);
  EXPECT_EQ(set.Lines().names_left_out, 0U);
  fleet.Finish(0, "a", 1);
  fleet.Finish(0, "e", 1, RunPhase::kWarmUp);
  fleet.Finish(0, "e", 1, RunPhase::kMeasured);
  fleet.Tick(seconds(2), &set);
  const SeriesLines lines = set.Lines();
  EXPECT_EQ(lines.names_left_out, 2U) << "a and e";
  ASSERT_EQ(lines.by_name.size(), 3U);
  EXPECT_TRUE(lines.by_name.contains({"d", "GET"})) << "the first ones keep their lines";
  EXPECT_EQ(Sum(lines.run), 6U);
}

TEST(SeriesSetTest, AgentsPastTheCapAreCountedButHaveNoLine) {
  FakeFleet fleet({"a:1", "b:2", "c:3"});
  SeriesSet set({.agents_max = 2});
  fleet.Tick(seconds(1), &set);
  fleet.Tick(seconds(2), &set);
  EXPECT_EQ(set.Lines().by_agent.size(), 2U);
  EXPECT_EQ(set.Lines().agents_left_out, 1U);
}

TEST(SeriesSetTest, TheMoreAgentsTheFewerPointsHasEach) {
  FakeFleet fleet({"a:1"});
  SeriesSet set({.agent_points_max = 100, .agent_points_total_max = 120});
  for (int second = 1; second <= 90; ++second) {
    fleet.Finish(0, "Buy", 1);
    fleet.Tick(seconds(second), &set);
  }
  EXPECT_EQ(set.Lines().by_agent.at("a:1").size(), 90U);
  for (int agent = 1; agent < 12; ++agent) {
    fleet.Join(fmt::format("late:{}", agent));
  }
  for (int second = 91; second <= 200; ++second) {
    fleet.Finish(3, "Buy", 1);
    fleet.Tick(seconds(second), &set);
    size_t points = 0;
    for (const auto& [id, line] : set.Lines().by_agent) {
      points += line.size();
    }
    ASSERT_LE(points, 12U * (10 + 1)) << "ten each and one that is open";
  }
  EXPECT_EQ(Sum(set.Lines().by_agent.at("a:1")), 90U);
  EXPECT_EQ(Sum(set.Lines().by_agent.at("late:3")), 110U);
}

// A store as it should be: it keeps what TakeChanges says and nothing else.
void Store(SeriesSet* set, SeriesLines* stored) {
  const auto write = [](auto* to, size_t first, auto points) {
    ASSERT_LE(first, to->size());
    to->resize(first);
    to->insert(to->end(), points.begin(), points.end());
  };
  for (const SeriesChange& change : set->TakeChanges()) {
    switch (change.line) {
      case SeriesChange::Line::kRun:
        write(&stored->run, change.first, change.points);
        break;
      case SeriesChange::Line::kName:
        write(&stored->by_name[{change.name, change.method}], change.first, change.points);
        break;
      case SeriesChange::Line::kAgent:
        write(&stored->by_agent[change.name], change.first, change.agent_points);
        break;
    }
  }
}

TEST(SeriesSetTest, AStoreThatFollowsTheChangesHoldsEveryLine) {
  FakeFleet fleet({"a:1", "b:2"});
  SeriesSet set({.run_points_max = 16, .name_points_max = 8, .agent_points_max = 12});
  SeriesLines stored;
  for (int second = 1; second <= 100; ++second) {
    fleet.Finish(second % 2, second < 40 ? "Buy" : "Browse", 1);
    fleet.Tick(seconds(second), &set);
    if (second == 70) {
      fleet.Lose(1);
    }
    Store(&set, &stored);
    ASSERT_EQ(stored, set.Lines()) << second;
  }
  EXPECT_TRUE(set.TakeChanges().empty());
}

TEST(SeriesSetTest, OnlyLinesThatMovedAreTold) {
  FakeFleet fleet({"a:1", "b:2"});
  SeriesSet set;
  fleet.Tick(seconds(1), &set);
  set.TakeChanges();
  fleet.Lose(1);
  fleet.Tick(seconds(2), &set);
  fleet.Tick(seconds(3), &set);
  const std::vector<SeriesChange> changes = set.TakeChanges();
  ASSERT_EQ(changes.size(), 2U) << "the run and the agent that is left";
  EXPECT_EQ(changes[0].line, SeriesChange::Line::kRun);
  EXPECT_EQ(changes[0].first, 1U);
  EXPECT_EQ(changes[0].points.size(), 2U);
  EXPECT_EQ(changes[1].name, "a:1");
  EXPECT_EQ(changes[1].agent_points.size(), 2U);
}

TEST(SeriesSetTest, ARestoredSetGoesOnWithoutAGapInAnyLine) {
  FakeFleet fleet({"a:1", "b:2"});
  SeriesSet before;
  for (int second = 1; second <= 5; ++second) {
    fleet.Finish(0, "Buy", 10);
    fleet.Finish(1, "Browse", 1);
    fleet.Tick(seconds(second), &before);
  }
  const Snapshot merged = fleet.merged();

  SeriesSet after;
  ASSERT_TRUE(after.Restore(before.Lines(), merged).ok());
  EXPECT_EQ(after.Lines(), before.Lines());
  EXPECT_TRUE(after.TakeChanges().empty());
  fleet.Finish(0, "Buy", 33);
  fleet.Finish(1, "Search", 2);
  fleet.Tick(seconds(9), &after);
  const SeriesLines lines = after.Lines();
  EXPECT_EQ(lines.run.back().length, seconds(4));
  EXPECT_EQ(lines.run.back().requests, 35U);
  EXPECT_EQ(lines.by_name.at({"Buy", "GET"}).back().requests, 33U);
  EXPECT_EQ(lines.by_name.at({"Buy", "GET"}).back().length, seconds(4));
  EXPECT_EQ(lines.by_name.at({"Browse", "GET"}).back().requests, 0U);
  EXPECT_EQ(lines.by_name.at({"Search", "GET"}).front().start, seconds(5));
  EXPECT_EQ(lines.by_agent.at("a:1").back().requests, 33U);
  EXPECT_EQ(Sum(lines.run), 90U);
}

TEST(SeriesSetTest, StoredLinesThatDoNotAscendAreRefusedByName) {
  const std::vector<SeriesPoint> bad = {{.start = seconds(2), .length = seconds(1)},
                                        {.start = seconds(1), .length = seconds(1)}};
  SeriesSet set;
  EXPECT_EQ(set.Restore({.by_name = {{{"Buy", "GET"}, bad}}}, Snapshot{}).message(),
            "series of request 'Buy': points[1] must start at or after 3s, got 1s, and not end "
            "before that");
  EXPECT_FALSE(set.Restore({.run = bad}, Snapshot{}).ok());
  EXPECT_FALSE(
      set.Restore({.by_agent = {{"a", {{.start = seconds(1), .length = seconds(-1)}}}}}, Snapshot{})
          .ok());
}

}  // namespace
}  // namespace squall
