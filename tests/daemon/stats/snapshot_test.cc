#include "daemon/stats/snapshot.h"

#include <gtest/gtest.h>

#include "daemon/base/rng.h"
#include "daemon/stats/recorder.h"
#include "tests/daemon/stats/run_start.h"

namespace squall {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

EntryStats Requests(uint64_t count, Nanos first, Nanos last) {
  EntryStats stats;
  stats.requests = count;
  stats.first_at = kStart + first;
  stats.last_at = kStart + last;
  return stats;
}

Snapshot RunOf(Nanos elapsed) {
  Snapshot snapshot;
  snapshot.started_at = kStart;
  snapshot.elapsed = elapsed;
  return snapshot;
}

TEST(SnapshotTest, MergingAgentsEqualsRecordingInOne) {
  const uint64_t seed = 7;
  Rng rng(seed);
  Recorder all;
  Recorder parts[3];
  const char* const reasons[] = {"HTTP 500", "connection refused"};
  for (int i = 0; i < 3'000; ++i) {
    Recorder& part = parts[rng.Below(3)];
    const std::string name = "/" + std::to_string(rng.Below(5));
    Sample sample;
    sample.phase = static_cast<RunPhase>(rng.Below(3));
    sample.ok = rng.Below(4) != 0;
    sample.failure = reasons[rng.Below(2)];
    sample.status_code = static_cast<uint16_t>(rng.Below(600));
    sample.service = Nanos(rng.Between(-1, 2'000'000'000));
    sample.response = sample.service + Nanos(rng.Between(0, 5'000'000));
    sample.bytes_received = rng.Below(1'000);
    const WallTime at = kStart + Nanos(rng.Between(0, 9'000'000'000));
    for (Recorder* recorder : {&part, &all}) {
      sample.entry = recorder->Intern("GET", name);
      recorder->Record(sample, at);
      recorder->RecordCheck(sample.entry, "status", sample.ok, sample.phase);
    }
  }
  Snapshot expected;
  all.Fill(&expected);
  std::vector<Snapshot> snapshots(3);
  for (int i = 0; i < 3; ++i) {
    parts[i].Fill(&snapshots[i]);
  }
  const Snapshot merged = MergeSnapshots({&snapshots[2], &snapshots[0], &snapshots[1]});
  EXPECT_EQ(merged.failures, expected.failures);
  EXPECT_EQ(merged.checks, expected.checks);
  EXPECT_EQ(merged.entries, expected.entries);
}

TEST(SnapshotTest, CountersAddUpAndTheRestIsAsTheHeaderSays) {
  Snapshot one = RunOf(seconds(10));
  one.run_id = "r-1";
  one.agent_id = "a-1";
  one.epoch = 2;
  one.sequence = 5;
  one.state = RunState::kFinished;
  one.stop_reason = "profile finished";
  one.at = kStart + seconds(10);
  one.users = {{"Buyer", 3}};
  one.target_users = 4;
  one.target_rate = 1.5;
  one.iterations = 7;
  one.health.elapsed_seconds = 10;
  one.health.shards = 2;
  one.health.fd_limit = 1024;
  one.task_errors = {{"oops", 1}};
  Snapshot two = one;
  two.agent_id = "a-2";
  two.epoch = 3;
  two.state = RunState::kRunning;
  two.error = "disk full";
  two.at = kStart + seconds(11);
  two.started_at = kStart - seconds(1);
  two.elapsed = seconds(12);
  two.users = {{"Buyer", 1}, {"Reader", 2}};
  two.health.elapsed_seconds = 9;
  const Snapshot merged = MergeSnapshots({&one, &two});
  EXPECT_EQ(merged.run_id, "r-1");
  EXPECT_EQ(merged.agent_id, "");
  EXPECT_EQ(merged.epoch, 3U);
  EXPECT_EQ(merged.sequence, 10U);
  EXPECT_EQ(merged.state, RunState::kRunning);
  EXPECT_EQ(merged.error, "disk full");
  EXPECT_EQ(merged.stop_reason, "profile finished");
  EXPECT_EQ(merged.at, kStart + seconds(11));
  EXPECT_EQ(merged.started_at, kStart - seconds(1));
  EXPECT_EQ(merged.elapsed, seconds(12));
  EXPECT_EQ(merged.UserCount(), 6U);
  EXPECT_EQ(merged.users.at("Buyer"), 4U);
  EXPECT_EQ(merged.target_users, 8U);
  EXPECT_EQ(merged.target_rate, 3);
  EXPECT_EQ(merged.iterations, 14U);
  EXPECT_EQ(merged.task_errors.at("oops"), 2U);
  EXPECT_EQ(merged.health.elapsed_seconds, 10);
  EXPECT_EQ(merged.health.shards, 4U);
  EXPECT_EQ(merged.health.fd_limit, 2048U);
}

TEST(SnapshotTest, FiguresOfSpansAddUpAndExemplarsAreBounded) {
  Snapshot merged;
  for (int64_t i = 0; i < 3 * static_cast<int64_t>(kTraceExemplarsMax); ++i) {
    Snapshot other;
    other.traces = {4, 3, 2, 1};
    other.exemplars = {{"GET", std::to_string(i), "id", Nanos(i), WallTime(Nanos(i))}};
    merged.Merge(other);
  }
  const uint64_t times = 3 * kTraceExemplarsMax;
  EXPECT_EQ(merged.traces, (TraceFigures{4 * times, 3 * times, 2 * times, times}));
  ASSERT_EQ(merged.exemplars.size(), kTraceExemplarsMax);
  for (const TraceExemplar& exemplar : merged.exemplars) {
    EXPECT_GE(exemplar.response, Nanos(2 * kTraceExemplarsMax));
  }
}

TEST(SnapshotTest, TheNewestExemplarOfEachBucketStays) {
  const TraceExemplar slow = {"GET", "/", "slow", seconds(3), kStart};
  const TraceExemplar older = {"GET", "/", "older", Nanos(1), kStart + seconds(1)};
  const TraceExemplar newer = {"GET", "/", "newer", Nanos(2), kStart + seconds(2)};
  Snapshot one;
  one.exemplars = {slow, newer};
  Snapshot other;
  other.exemplars = {older};
  one.Merge(other);
  EXPECT_EQ(one.exemplars, (std::vector<TraceExemplar>{newer, slow}));
}

TEST(SnapshotTest, OneAgentKeepsItsNameAndNoneGivesAnEmptySnapshot) {
  Snapshot one;
  one.agent_id = "a-1";
  EXPECT_EQ(MergeSnapshots({&one}).agent_id, "a-1");
  EXPECT_EQ(MergeSnapshots({}).state, RunState::kIdle);
}

TEST(SnapshotTest, AnAgentThatHasNotStartedDoesNotMoveTheStart) {
  const Snapshot started = RunOf(seconds(3));
  const Snapshot waiting;
  EXPECT_EQ(MergeSnapshots({&started, &waiting}).started_at, kStart);
  EXPECT_EQ(MergeSnapshots({&waiting, &started}).started_at, kStart);
}

TEST(SnapshotTest, ATotalCoversOnePhaseOnly) {
  Snapshot snapshot = RunOf(seconds(9));
  snapshot.entries[{RunPhase::kMeasured, "/a", "GET"}] = Requests(3, seconds(1), seconds(4));
  snapshot.entries[{RunPhase::kMeasured, "/b", "GET"}] = Requests(4, seconds(2), seconds(5));
  snapshot.entries[{RunPhase::kWarmUp, "/a", "GET"}] = Requests(10, seconds(0), seconds(1));
  EXPECT_EQ(snapshot.Total().requests, 7U);
  EXPECT_EQ(snapshot.Total().first_at, kStart + seconds(1));
  EXPECT_EQ(snapshot.Total().last_at, kStart + seconds(5));
  EXPECT_EQ(snapshot.Total(RunPhase::kWarmUp).requests, 10U);
  EXPECT_EQ(snapshot.Total(RunPhase::kCoolDown).requests, 0U);
}

TEST(MeasuredTimeTest, IsTheWholeRunEvenWhenTheTargetHangs) {
  Snapshot snapshot = RunOf(seconds(60));
  EXPECT_EQ(snapshot.MeasuredTime(), seconds(60));
  snapshot.entries[{RunPhase::kMeasured, "/a", "GET"}] = Requests(3, seconds(20), seconds(21));
  EXPECT_EQ(snapshot.MeasuredTime(), seconds(60));
}

TEST(MeasuredTimeTest, LeavesOutWarmUpAndCoolDown) {
  Snapshot snapshot = RunOf(seconds(60));
  snapshot.entries[{RunPhase::kWarmUp, "/a", "GET"}] = Requests(9, seconds(1), seconds(10));
  EXPECT_EQ(snapshot.MeasuredTime(), seconds(0)) << "still warming up";
  snapshot.entries[{RunPhase::kMeasured, "/a", "GET"}] = Requests(9, seconds(10), seconds(49));
  EXPECT_EQ(snapshot.MeasuredTime(), seconds(50));
  snapshot.entries[{RunPhase::kCoolDown, "/a", "GET"}] = Requests(9, seconds(50), seconds(60));
  EXPECT_EQ(snapshot.MeasuredTime(), seconds(39));
}

TEST(RunStateTest, HasANameForPeople) {
  EXPECT_EQ(RunStateName(RunState::kIdle), "idle");
  EXPECT_EQ(RunStateName(RunState::kStopping), "stopping");
  EXPECT_EQ(RunStateName(RunState::kFailed), "failed");
}

}  // namespace
}  // namespace squall
