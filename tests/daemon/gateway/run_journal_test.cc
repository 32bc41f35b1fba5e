#include "daemon/gateway/run_journal.h"

#include <gmock/gmock.h>

#include "tests/daemon/gateway/gateway_fixture.h"

namespace squall {
namespace {

using testing::ElementsAre;

class RunJournalTest : public GatewayTest {
 protected:
  RunJournalTest() : journal_(store_.get(), Record(), /*fixed_agents=*/true, &clock_) {
    settings_.users = 7;
    settings_.seed = 42;
    EXPECT_TRUE(journal_.Create(fleet_.PlanFor(kEndless), settings_).ok());
  }
  RunRecord Record() const {
    RunRecord record;
    record.run_id = "r";
    record.name = "coordinated";
    record.created_at = clock_.Wall();
    return record;
  }
  RunRoster Roster() const {
    RunRoster roster;
    roster.started_at = WallTime(std::chrono::seconds(1000));
    roster.epoch = 5;
    roster.members = {{"a", "10.0.0.1:7071", MakeAssignment(0, 2, 5), MemberFate::kPresent},
                      {"b", "10.0.0.2:7071", MakeAssignment(1, 2, 5), MemberFate::kLost},
                      {"c", "10.0.0.1:7071", Assignment(), MemberFate::kGone}};
    roster.control.load = LoadRequest{.users = 3, .spawn_rate = 2.5};
    roster.control.paused = true;
    roster.control.stop = StopLevel::kGraceful;
    roster.control.stop_reason = "enough";
    return roster;
  }
  static Snapshot SnapshotOf(const std::string& agent, uint64_t sequence) {
    Snapshot snapshot;
    snapshot.run_id = "r";
    snapshot.agent_id = agent;
    snapshot.sequence = sequence;
    snapshot.state = RunState::kRunning;
    snapshot.elapsed = std::chrono::seconds(sequence);
    snapshot.iterations = sequence * 10;
    return snapshot;
  }
  void Tick(const std::vector<const Snapshot*>& agents) {
    const auto merged = std::make_shared<const Snapshot>(MergeSnapshots(agents));
    lines_.Add(*merged, agents);
    heat_.Add(lines_.run().end(), lines_.run().response());
    RunProgress progress;
    progress.merged = merged;
    progress.agents = agents;
    progress.lines = &lines_;
    progress.heat = &heat_;
    RunSummary summary;
    summary.run_id = "r";
    summary.state = RunState::kRunning;
    summary.warnings = {"agent 'b' was lost"};
    EXPECT_TRUE(journal_.Tick(progress, summary).ok());
  }

  RunSettings settings_;
  SeriesSet lines_;
  HeatMap heat_{/*columns_max=*/4};
  RunJournal journal_;
};

TEST_F(RunJournalTest, WhatWasStoredIsEnoughToGoOn) {
  ASSERT_TRUE(journal_.Roster(Roster(), RunSummary()).ok());
  const Snapshot a = SnapshotOf("a", 3);
  const Snapshot b = SnapshotOf("b", 2);
  Tick({&a, &b});
  const absl::StatusOr<StoredRun> stored = RunJournal::Load(*store_, "r");
  ASSERT_TRUE(stored.ok()) << stored.status();
  EXPECT_EQ(stored->plan, fleet_.PlanFor(kEndless));
  EXPECT_EQ(stored->settings, settings_);
  EXPECT_TRUE(stored->fixed_agents);
  const Resumption& resumption = stored->resumption;
  EXPECT_EQ(resumption.started_at, Roster().started_at);
  EXPECT_EQ(resumption.epoch, 5U);
  EXPECT_EQ(resumption.control.load, Roster().control.load);
  EXPECT_TRUE(resumption.control.paused);
  EXPECT_EQ(resumption.control.stop, StopLevel::kGraceful);
  EXPECT_EQ(resumption.control.stop_reason, "enough");
  EXPECT_THAT(resumption.warnings, ElementsAre("agent 'b' was lost"));
  ASSERT_EQ(resumption.members.size(), 3U);
  EXPECT_EQ(resumption.members[0].target.address, "10.0.0.1:7071");
  EXPECT_EQ(resumption.members[0].assignment, MakeAssignment(0, 2, 5));
  EXPECT_EQ(resumption.members[0].snapshot.iterations, a.iterations);
  EXPECT_EQ(resumption.members[0].fate, MemberFate::kPresent);
  EXPECT_EQ(resumption.members[1].fate, MemberFate::kLost);
  EXPECT_EQ(resumption.members[2].fate, MemberFate::kGone);
  EXPECT_EQ(resumption.series, lines_.Lines());
}

TEST_F(RunJournalTest, WhoWasLostIsNamedEvenIfTheNextTickNeverComes) {
  RunSummary summary;
  summary.warnings = {"agent 'b' was lost"};
  ASSERT_TRUE(journal_.Roster(Roster(), summary).ok());
  EXPECT_THAT(RunJournal::Load(*store_, "r")->resumption.warnings,
              ElementsAre("agent 'b' was lost"));
}

TEST_F(RunJournalTest, TheLastWordOfAnAgentIsStoredWithItsEnd) {
  const Snapshot early = SnapshotOf("c", 3);
  ASSERT_TRUE(journal_.Roster(Roster(), RunSummary()).ok());
  Tick({&early});
  RunRoster next = Roster();
  next.members[2].last = SnapshotOf("c", 7);
  ASSERT_TRUE(journal_.Roster(next, RunSummary()).ok());
  EXPECT_EQ(RunJournal::Load(*store_, "r")->resumption.members[2].snapshot.sequence, 7U);
}

TEST_F(RunJournalTest, ANewRosterKeepsWhatTheAgentsHadSaid) {
  ASSERT_TRUE(journal_.Roster(Roster(), RunSummary()).ok());
  const Snapshot a = SnapshotOf("a", 3);
  Tick({&a});
  RunRoster next = Roster();
  next.epoch = 6;
  ASSERT_TRUE(journal_.Roster(next, RunSummary()).ok());
  EXPECT_EQ(RunJournal::Load(*store_, "r")->resumption.members[0].snapshot.sequence, 3U);

  RunJournal other(store_.get(), *store_->Get("r"), true, &clock_);
  other.Adopt(RunJournal::Load(*store_, "r")->resumption.members);
  ASSERT_TRUE(other.Roster(next, RunSummary()).ok());
  EXPECT_EQ(RunJournal::Load(*store_, "r")->resumption.members[0].snapshot.sequence, 3U);
}

TEST_F(RunJournalTest, OfManySnapshotsEachIsWrittenInTurn) {
  RunRoster roster = Roster();
  roster.members.clear();
  std::vector<Snapshot> snapshots;
  for (int i = 0; i < 5; ++i) {
    const std::string name = "agent-" + std::to_string(i);
    roster.members.push_back({name, name, MakeAssignment(i, 5, 5), MemberFate::kPresent});
    snapshots.push_back(SnapshotOf(name, 1));
    // Each is about half of what one tick may write.
    snapshots.back().error = "x";
    for (int k = 0; k < 2000; ++k) {
      snapshots.back().task_errors[std::string(250, 'e') + std::to_string(k)] = 1;
    }
  }
  ASSERT_TRUE(journal_.Roster(roster, RunSummary()).ok());
  std::vector<const Snapshot*> agents;
  for (const Snapshot& snapshot : snapshots) {
    agents.push_back(&snapshot);
  }
  const auto stored = [&] {
    size_t count = 0;
    const auto records = store_->Agents("r");
    for (const AgentRecord& record : *records) {
      count += record.snapshot.empty() ? 0 : 1;
    }
    return count;
  };
  Tick(agents);
  EXPECT_GT(stored(), 0U);
  EXPECT_LT(stored(), 5U);
  Tick(agents);
  Tick(agents);
  EXPECT_EQ(stored(), 5U);
}

TEST_F(RunJournalTest, TheMapOfResponseTimesIsStoredAndFollowsItsThinning) {
  ASSERT_TRUE(journal_.Roster(Roster(), RunSummary()).ok());
  for (uint64_t second = 1; second <= 20; ++second) {
    Snapshot a = SnapshotOf("a", second);
    EntryStats* entry = &a.entries[{RunPhase::kMeasured, "/", "GET"}];
    for (uint64_t i = 0; i < second; ++i) {
      entry->response.Record(std::chrono::milliseconds(5));
    }
    entry->requests = second;
    Tick({&a});
    EXPECT_EQ(RunJournal::Load(*store_, "r")->resumption.heat, heat_.columns())
        << "second " << second;
  }
  EXPECT_GT(heat_.columns().front().length, std::chrono::seconds(1)) << "it was thinned";
}

TEST_F(RunJournalTest, WhatIsKnownOfARunWithoutAReportIsKept) {
  RunSummary summary;
  summary.state = RunState::kFailed;
  ASSERT_TRUE(journal_.Fail(summary, {{"view", "what is known"}}).ok());
  EXPECT_EQ(store_->Get("r")->state, StoredState::kFailed);
  EXPECT_EQ(*store_->Report("r", "view"), "what is known");
}

TEST_F(RunJournalTest, AReportIsRenderedInTheFormatThatIsAskedFor) {
  RunReport report;
  report.run_id = "r";
  EXPECT_THAT(*RenderReport(report, "json"), testing::HasSubstr("\"id\": \"r\""));
  EXPECT_EQ(RenderReport(report, "jsn").status().code(), absl::StatusCode::kNotFound);
  for (const auto& [format, text] : RenderReports(report)) {
    EXPECT_EQ(*RenderReport(report, format), text) << format;
  }
}

TEST_F(RunJournalTest, EventsAreKeptInOrder) {
  ASSERT_TRUE(journal_.Event("first").ok());
  ASSERT_TRUE(journal_.Event("second").ok());
  EXPECT_EQ(store_->Events("r")->at(1).text, "second");
}

TEST_F(RunJournalTest, BytesThatAreNoPlanAreAnErrorAndNoCrash) {
  ASSERT_TRUE(store_->Write(DocumentRecord{"r", DocumentKind::kSettings, "\xff\xff"}).ok());
  EXPECT_EQ(RunJournal::Load(*store_, "r").status().code(), absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace squall
