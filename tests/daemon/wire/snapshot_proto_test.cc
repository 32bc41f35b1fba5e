#include "daemon/wire/snapshot_proto.h"

#include <cmath>
#include <functional>
#include <limits>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "daemon/base/rng.h"
#include "protos/squall/v1/stats.pb.h"
#include "tests/daemon/wire/field_coverage.h"
#include "tests/daemon/wire/mentions.h"

namespace squall {
namespace {

Histogram RandomHistogram(Rng* rng) {
  Histogram histogram;
  for (uint64_t i = rng->Below(30); i > 0; --i) {
    // Magnitudes from nanoseconds to centuries.
    histogram.RecordMany(Nanos(static_cast<int64_t>(rng->Next() >> (1 + rng->Below(62)))),
                         1 + rng->Below(1000));
  }
  return histogram;
}

WallTime RandomTime(Rng* rng) {
  return rng->Below(4) == 0 ? WallTime{} : WallTime(Nanos(rng->Between(1, 2'000'000'000'000'000)));
}

EntryStats RandomEntry(Rng* rng) {
  EntryStats entry;
  for (uint64_t* counter :
       {&entry.requests, &entry.failures, &entry.timeouts, &entry.unfinished, &entry.bytes_sent,
        &entry.bytes_received, &entry.status_classes[0], &entry.status_classes[5]}) {
    *counter = rng->Below(1'000'000'000);
  }
  for (Histogram* histogram :
       {&entry.service, &entry.response, &entry.start_delay, &entry.times.dns, &entry.times.connect,
        &entry.times.tls, &entry.times.first_byte}) {
    *histogram = RandomHistogram(rng);
  }
  entry.first_at = RandomTime(rng);
  entry.last_at = RandomTime(rng);
  return entry;
}

void FillHealth(Rng* rng, GeneratorHealth* health) {
  health->loop_lag = RandomHistogram(rng);
  for (double* seconds : {&health->cpu_seconds, &health->thread_seconds, &health->run_delay_seconds,
                          &health->elapsed_seconds}) {
    *seconds = rng->Unit() * 1000;
  }
  health->shards = static_cast<uint32_t>(1 + rng->Below(64));
  for (uint64_t* counter :
       {&health->fd_exhausted, &health->ports_exhausted, &health->memory_exhausted,
        &health->rss_bytes, &health->open_fds, &health->fd_limit, &health->names_dropped}) {
    *counter = 1 + rng->Below(1'000'000);
  }
}

Snapshot RandomSnapshot(Rng* rng) {
  Snapshot snapshot;
  snapshot.run_id = "run-" + std::to_string(rng->Below(10));
  snapshot.agent_id = "a-" + std::to_string(rng->Below(10));
  snapshot.epoch = rng->Next();
  snapshot.sequence = rng->Next();
  snapshot.state = static_cast<RunState>(rng->Below(7));
  snapshot.error = rng->Below(2) == 0 ? "" : "no memory";
  snapshot.stop_reason = "profile finished";
  snapshot.warnings = {"a loop was blocked", "and again"};
  snapshot.traces = {1 + rng->Below(1000), 1 + rng->Below(1000), 1 + rng->Below(1000),
                     1 + rng->Below(1000)};
  snapshot.exemplars = {{"GET", "/a", std::string(32, 'a'), Nanos(1 + rng->Below(1000)),
                         WallTime(Nanos(1 + rng->Below(1000)))}};
  snapshot.at = RandomTime(rng);
  snapshot.started_at = RandomTime(rng);
  snapshot.elapsed = Nanos(rng->Between(0, 1'000'000'000'000));
  snapshot.target_rate = rng->Unit() * 1000;
  for (uint64_t* counter :
       {&snapshot.target_users, &snapshot.users_started, &snapshot.users_stopped,
        &snapshot.arrivals_planned, &snapshot.dropped_iterations, &snapshot.iterations,
        &snapshot.open_requests, &snapshot.users["Shopper"], &snapshot.users["Käufer"],
        &snapshot.task_errors["no variable 'x'"]}) {
    *counter = rng->Below(1'000'000'000);
  }
  for (uint64_t i = rng->Below(4); i > 0; --i) {
    const std::string name = "name " + std::to_string(i);
    snapshot.entries[{static_cast<RunPhase>(rng->Below(3)), name, "GET"}] = RandomEntry(rng);
    snapshot.failures[{"GET", name, "HTTP 503"}] = {rng->Below(1000), RandomTime(rng),
                                                    RandomTime(rng)};
    snapshot.checks[{name, "status"}] = {rng->Below(1000), rng->Below(1000)};
  }
  FillHealth(rng, &snapshot.health);
  return snapshot;
}

absl::StatusOr<Snapshot> Travel(const Snapshot& snapshot) {
  v1::Snapshot proto;
  SnapshotToProto(snapshot, &proto);
  v1::Snapshot received;
  if (!received.ParseFromString(proto.SerializeAsString())) {
    return absl::DataLossError("protobuf refused its own bytes");
  }
  return SnapshotFromProto(received);
}

TEST(SnapshotProtoTest, EverySnapshotSurvivesTheTrip) {
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    Rng rng(seed);
    const Snapshot snapshot = RandomSnapshot(&rng);
    const absl::StatusOr<Snapshot> read = Travel(snapshot);
    ASSERT_TRUE(read.ok()) << "seed " << seed << ": " << read.status();
    ASSERT_EQ(read->run_id, snapshot.run_id);
    ASSERT_EQ(read->agent_id, snapshot.agent_id);
    ASSERT_EQ(read->epoch, snapshot.epoch);
    ASSERT_EQ(read->sequence, snapshot.sequence);
    ASSERT_EQ(read->state, snapshot.state);
    ASSERT_EQ(read->error, snapshot.error);
    ASSERT_EQ(read->warnings, snapshot.warnings);
    ASSERT_EQ(read->traces, snapshot.traces);
    ASSERT_EQ(read->exemplars, snapshot.exemplars);
    ASSERT_EQ(read->stop_reason, snapshot.stop_reason);
    ASSERT_EQ(read->at, snapshot.at);
    ASSERT_EQ(read->started_at, snapshot.started_at);
    ASSERT_EQ(read->elapsed, snapshot.elapsed);
    ASSERT_EQ(read->users, snapshot.users);
    ASSERT_EQ(read->target_users, snapshot.target_users);
    ASSERT_EQ(read->target_rate, snapshot.target_rate);
    ASSERT_EQ(read->users_started, snapshot.users_started);
    ASSERT_EQ(read->users_stopped, snapshot.users_stopped);
    ASSERT_EQ(read->arrivals_planned, snapshot.arrivals_planned);
    ASSERT_EQ(read->dropped_iterations, snapshot.dropped_iterations);
    ASSERT_EQ(read->iterations, snapshot.iterations);
    ASSERT_EQ(read->open_requests, snapshot.open_requests);
    ASSERT_EQ(read->task_errors, snapshot.task_errors);
    ASSERT_TRUE(read->entries == snapshot.entries) << "seed " << seed;
    ASSERT_TRUE(read->failures == snapshot.failures) << "seed " << seed;
    ASSERT_TRUE(read->checks == snapshot.checks) << "seed " << seed;
    ASSERT_TRUE(read->health == snapshot.health) << "seed " << seed;
  }
}

TEST(SnapshotProtoTest, NoFieldOfTheSnapshotIsForgotten) {
  FieldCoverage coverage;
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    Rng rng(seed);
    v1::Snapshot proto;
    SnapshotToProto(RandomSnapshot(&rng), &proto);
    coverage.Add(proto);
  }
  EXPECT_EQ(coverage.Missing(*v1::Snapshot::descriptor()), std::set<std::string>{});
}

TEST(SnapshotProtoTest, MergingAfterTheTripEqualsMergingBefore) {
  Rng rng(7);
  Snapshot one = RandomSnapshot(&rng);
  const Snapshot two = RandomSnapshot(&rng);
  Snapshot travelled = *Travel(one);
  travelled.Merge(*Travel(two));
  one.Merge(two);
  EXPECT_TRUE(travelled.entries == one.entries);
  EXPECT_TRUE(travelled.health == one.health);
}

TEST(SnapshotProtoTest, AReplyThatIsNotUtf8DoesNotCostTheSnapshot) {
  Snapshot snapshot;
  snapshot.entries[{RunPhase::kMeasured, "M\xFCller", "GET"}].requests = 1;
  snapshot.entries[{RunPhase::kMeasured, "M\xFDller", "GET"}].requests = 2;
  snapshot.failures[{"GET", "x", "HTTP 500 \xFF"}].count = 3;
  snapshot.task_errors["\xC0"] = 4;
  const absl::StatusOr<Snapshot> read = Travel(snapshot);
  ASSERT_TRUE(read.ok()) << read.status();
  // Both names look the same now, so their figures add up.
  const EntryKey key{RunPhase::kMeasured, "M\uFFFDller", "GET"};
  ASSERT_EQ(read->entries.size(), 1u);
  EXPECT_EQ(read->entries.at(key).requests, 3u);
  EXPECT_EQ(read->failures.begin()->first.reason, "HTTP 500 \uFFFD");
  EXPECT_EQ(read->task_errors.begin()->first, "\uFFFD");
}

TEST(SnapshotProtoTest, EmptyHistogramsCostNothing) {
  Snapshot snapshot;
  snapshot.entries[{RunPhase::kMeasured, "x", "GET"}].requests = 1;
  v1::Snapshot proto;
  SnapshotToProto(snapshot, &proto);
  EXPECT_EQ(proto.entries(0).service().ByteSizeLong(), 0u);
}

// Two buckets, 100 and 3 values, in an otherwise good snapshot.
v1::Snapshot SmallProto() {
  Snapshot snapshot;
  Histogram& service = snapshot.entries[{RunPhase::kMeasured, "x", "GET"}].service;
  service.RecordMany(std::chrono::milliseconds(1), 100);
  service.RecordMany(std::chrono::milliseconds(9), 3);
  v1::Snapshot proto;
  SnapshotToProto(snapshot, &proto);
  return proto;
}

TEST(SnapshotProtoTest, ResponseTimesTravelOnlyWhereTheyDifferFromServiceTimes) {
  Snapshot snapshot;
  EntryStats* same = &snapshot.entries[{RunPhase::kMeasured, "a same", "GET"}];
  same->service.Record(Nanos(5'000));
  same->response = same->service;
  EntryStats* other = &snapshot.entries[{RunPhase::kMeasured, "b other", "GET"}];
  other->service.Record(Nanos(5'000));
  other->response.Record(Nanos(6'000));
  snapshot.entries[{RunPhase::kMeasured, "c none", "GET"}].service.Record(Nanos(5'000));
  v1::Snapshot proto;
  SnapshotToProto(snapshot, &proto);
  EXPECT_FALSE(proto.entries(0).has_response());
  EXPECT_TRUE(proto.entries(1).has_response());
  EXPECT_TRUE(proto.entries(2).has_response()) << "empty, which is not the same as service";
  const absl::StatusOr<Snapshot> read = Travel(snapshot);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->entries, snapshot.entries);
}

TEST(SnapshotProtoTest, HistogramsThatDoNotAddUpAreRefused) {
  ASSERT_TRUE(SnapshotFromProto(SmallProto()).ok());
  const std::pair<const char*, std::function<void(v1::Histogram*)>> rows[] = {
      {"the same bucket twice", [](v1::Histogram* h) { h->set_index_deltas(1, 0); }},
      {"an index beyond the last bucket",
       [](v1::Histogram* h) { h->set_index_deltas(1, 100'000); }},
      {"an index that wraps around 32 bits",
       [](v1::Histogram* h) { h->set_index_deltas(1, UINT32_MAX); }},
      {"an empty bucket", [](v1::Histogram* h) { h->set_counts(0, 0); }},
      {"counts that overflow", [](v1::Histogram* h) { h->set_counts(0, UINT64_MAX); }},
      {"a count too few", [](v1::Histogram* h) { h->mutable_counts()->RemoveLast(); }},
      {"a minimum in another bucket", [](v1::Histogram* h) { h->mutable_min()->set_seconds(1); }},
      {"a maximum in another bucket", [](v1::Histogram* h) { h->mutable_max()->set_seconds(1); }},
      {"a malformed minimum", [](v1::Histogram* h) { h->mutable_min()->set_nanos(-5); }},
      {"a sum that no such values have",
       [](v1::Histogram* h) { h->mutable_sum()->set_seconds(5); }},
      {"a negative sum", [](v1::Histogram* h) { h->mutable_sum()->set_seconds(-1); }},
      {"a sum without values",
       [](v1::Histogram* h) {
         h->clear_counts();
         h->clear_index_deltas();
       }},
  };
  for (const auto& [what, damage] : rows) {
    v1::Snapshot proto = SmallProto();
    damage(proto.mutable_entries(0)->mutable_service());
    const absl::StatusOr<Snapshot> read = SnapshotFromProto(proto);
    EXPECT_EQ(read.status().code(), absl::StatusCode::kInvalidArgument) << what;
    EXPECT_TRUE(Mentions(read.status(), "entries[0].service")) << what;
  }
}

TEST(SnapshotProtoTest, HostileSnapshotsAreRefused) {
  using Proto = v1::Snapshot;
  const std::pair<std::function<void(Proto*)>, const char*> rows[] = {
      {[](Proto* p) { p->clear_state(); }, "state must be from 1 to 7, got 0"},
      {[](Proto* p) { p->set_state(static_cast<v1::RunState>(8)); },
       "state must be from 1 to 7, got 8"},
      {[](Proto* p) { p->mutable_entries(0)->clear_phase(); },
       "entries[0].phase must be from 1 to 3, got 0"},
      {[](Proto* p) { p->mutable_entries(0)->set_requests(UINT64_MAX); },
       "entries[0].requests must be at most"},
      {[](Proto* p) { p->mutable_entries(0)->add_status_classes(1); },
       "entries[0].status_classes must be 6 or none, got 7"},
      {[](Proto* p) { p->mutable_at()->set_nanos(-1); }, "at must be a time"},
      {[](Proto* p) { p->mutable_elapsed()->set_seconds(-1); }, "elapsed must be a duration"},
      {[](Proto* p) { p->set_target_rate(std::numeric_limits<double>::quiet_NaN()); },
       "target_rate must be a number"},
      {[](Proto* p) { (*p->mutable_users())["x"] = UINT64_MAX; }, "users must be at most"},
      {[](Proto* p) { p->mutable_health()->set_cpu_seconds(-HUGE_VAL); },
       "health.cpu_seconds must be a number"},
      {[](Proto* p) { p->mutable_health()->mutable_loop_lag()->add_counts(1); },
       "health.loop_lag.counts must be as many as index_deltas, 0, got 1"},
      {[](Proto* p) { p->add_failures()->set_count(UINT64_MAX); },
       "failures[0].count must be at most"},
      {[](Proto* p) { p->add_checks()->set_failed(UINT64_MAX); },
       "checks[0].failed must be at most"},
      {[](Proto* p) { p->mutable_traces()->set_dropped(UINT64_MAX); },
       "traces.dropped must be at most"},
      {[](Proto* p) { p->add_exemplars()->set_trace_id("A"); },
       "exemplars[0].trace_id must be 32 lower-case hex digits"},
      {[](Proto* p) {
         for (size_t i = 0; i <= kTraceExemplarsMax; ++i) {
           p->add_exemplars();
         }
       },
       "exemplars must have at most 256 elements"},
  };
  for (const auto& [damage, message] : rows) {
    Proto proto = SmallProto();
    damage(&proto);
    const absl::StatusOr<Snapshot> read = SnapshotFromProto(proto);
    EXPECT_EQ(read.status().code(), absl::StatusCode::kInvalidArgument) << message;
    EXPECT_TRUE(Mentions(read.status(), message));
  }
}

TEST(SnapshotProtoTest, EnumsOfSnapshotsCountAsTheProtosDo) {
  const std::pair<int, int> rows[] = {
      {int(RunPhase::kMeasured), v1::RUN_PHASE_MEASURED},
      {int(RunPhase::kWarmUp), v1::RUN_PHASE_WARM_UP},
      {int(RunPhase::kCoolDown), v1::RUN_PHASE_COOL_DOWN},
      {int(RunState::kIdle), v1::RUN_STATE_IDLE},
      {int(RunState::kPrepared), v1::RUN_STATE_PREPARED},
      {int(RunState::kRunning), v1::RUN_STATE_RUNNING},
      {int(RunState::kPaused), v1::RUN_STATE_PAUSED},
      {int(RunState::kStopping), v1::RUN_STATE_STOPPING},
      {int(RunState::kFinished), v1::RUN_STATE_FINISHED},
      {int(RunState::kFailed), v1::RUN_STATE_FAILED},
  };
  for (const auto& [ours, protos] : rows) {
    EXPECT_EQ(ours + 1, protos);
  }
}

}  // namespace
}  // namespace squall
