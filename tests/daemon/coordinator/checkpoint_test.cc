#include "daemon/coordinator/checkpoint.h"

#include <gtest/gtest.h>

#include "daemon/plan/parse_plan.h"

namespace squall {
namespace {

constexpr size_t kRoomy = size_t{1} << 20;

Plan SomePlan(size_t padding = 0) {
  PlanInputs inputs;
  inputs.texts.push_back(
      {"plan.yaml", "name: p" + std::string(padding, 'x') +
                        "\nusers: [{name: U, tasks: [{name: t, steps: [get: /]}]}]\n"});
  PlanResult result = ParsePlan(inputs);
  EXPECT_TRUE(result.errors.empty());
  return std::move(result.plan);
}

Snapshot Counted(const std::string& agent, uint64_t requests, int distinct_times) {
  Snapshot snapshot;
  snapshot.run_id = "r";
  snapshot.agent_id = agent;
  snapshot.sequence = 7;
  snapshot.state = RunState::kFinished;
  EntryStats* entry = &snapshot.entries[{RunPhase::kMeasured, "Buy", "GET"}];
  entry->requests = requests;
  for (int i = 0; i < distinct_times; ++i) {
    entry->service.Record(std::chrono::microseconds(1 + (int64_t{i} * i * 7919) % 50'000'000));
  }
  entry->response = entry->service;
  return snapshot;
}

MemberRecord Member(const std::string& name, uint64_t residue, MemberFate fate) {
  MemberRecord member;
  member.name = name;
  member.address = "10.0.0.1:7071";
  member.assignment.classes = {{residue, 3}};
  member.fate = fate;
  return member;
}

RunRoster SomeRoster() {
  RunRoster roster;
  roster.started_at = WallTime(std::chrono::seconds(1'700'000'000));
  roster.epoch = 1'000'003;
  roster.members = {Member("a", 0, MemberFate::kPresent), Member("b", 1, MemberFate::kLost),
                    Member("c", 2, MemberFate::kGone)};
  roster.members[2].last = Counted("c", 41, 100);
  roster.control.load = LoadRequest{.users = 30, .spawn_rate = 2.5};
  roster.control.paused = true;
  roster.control.stop = StopLevel::kGraceful;
  roster.control.stop_reason = "seen enough";
  roster.warnings = {"agent 'c' was lost"};
  return roster;
}

TEST(CheckpointTest, ComesBackAsItWas) {
  const Plan plan = SomePlan();
  RunSettings settings;
  settings.seed = 12;
  const RunRoster roster = SomeRoster();
  const auto bytes = EncodeCheckpoint(plan, settings, roster, kRoomy);
  ASSERT_TRUE(bytes.ok()) << bytes.status();
  const auto read = DecodeCheckpoint(*bytes);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->plan, plan);
  EXPECT_EQ(read->settings, settings);
  EXPECT_EQ(read->resumption.started_at, roster.started_at);
  EXPECT_EQ(read->resumption.epoch, roster.epoch);
  EXPECT_EQ(read->resumption.warnings, roster.warnings);
  EXPECT_EQ(read->resumption.control.load, roster.control.load);
  EXPECT_TRUE(read->resumption.control.paused);
  EXPECT_EQ(read->resumption.control.stop, StopLevel::kGraceful);
  EXPECT_EQ(read->resumption.control.stop_reason, "seen enough");
  ASSERT_EQ(read->resumption.members.size(), 3U);
  for (size_t i = 0; i < 3; ++i) {
    const Resumption::Member& member = read->resumption.members[i];
    EXPECT_EQ(member.target.name, roster.members[i].name);
    EXPECT_EQ(member.target.address, roster.members[i].address);
    EXPECT_EQ(member.fate, roster.members[i].fate);
    EXPECT_EQ(member.assignment, roster.members[i].assignment);
  }
  EXPECT_EQ(read->resumption.members[2].snapshot.Total().requests, 41U);
  EXPECT_EQ(read->resumption.members[0].snapshot.sequence, 0U);
}

TEST(CheckpointTest, AFactorAndAClearedLoadComeBackToo) {
  RunRoster roster = SomeRoster();
  for (const LoadRequest& load : {LoadRequest{.arrival_factor = 0.5}, LoadRequest{.clear = true}}) {
    roster.control.load = load;
    const auto read = DecodeCheckpoint(*EncodeCheckpoint(SomePlan(), {}, roster, kRoomy));
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ(read->resumption.control.load, load);
  }
}

TEST(CheckpointTest, WhereRoomIsShortTheFiguresOfThoseThatAreGoneAreAddedUp) {
  RunRoster roster = SomeRoster();
  for (int i = 0; i < 20; ++i) {
    roster.members.push_back(Member("gone-" + std::to_string(i), 0, MemberFate::kGone));
    roster.members.back().last = Counted(roster.members.back().name, 10, 2000);
  }
  const auto full = EncodeCheckpoint(SomePlan(), {}, roster, kRoomy);
  ASSERT_TRUE(full.ok()) << full.status();
  const auto small = EncodeCheckpoint(SomePlan(), {}, roster, full->size() - 1);
  ASSERT_TRUE(small.ok()) << small.status();
  EXPECT_LT(small->size(), full->size());
  const auto read = DecodeCheckpoint(*small);
  ASSERT_TRUE(read.ok()) << read.status();
  uint64_t requests = 0;
  for (const Resumption::Member& member : read->resumption.members) {
    requests += member.snapshot.Total().requests;
  }
  EXPECT_EQ(requests, 41U + 20 * 10);
  EXPECT_EQ(read->resumption.members.size(), roster.members.size());
}

TEST(CheckpointTest, OneThatIsTooLargeEvenSoIsRefused) {
  const auto bytes = EncodeCheckpoint(SomePlan(), {}, SomeRoster(), 100);
  EXPECT_EQ(bytes.status().code(), absl::StatusCode::kResourceExhausted);
}

TEST(CheckpointTest, BytesThatAreNoneAreRefused) {
  const std::string whole = *EncodeCheckpoint(SomePlan(), {}, SomeRoster(), kRoomy);
  for (const std::string& bytes :
       {std::string(), std::string("plan"), whole.substr(0, whole.size() / 2)}) {
    EXPECT_EQ(DecodeCheckpoint(bytes).status().code(), absl::StatusCode::kDataLoss);
  }
}

}  // namespace
}  // namespace squall
