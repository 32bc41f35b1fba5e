#include "daemon/stats/recorder.h"

#include <string>

#include <gtest/gtest.h>

#include "tests/daemon/stats/run_start.h"
#include "tests/support/allocation_counter.h"

namespace squall {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

Sample Passed(EntryId entry, Nanos service = milliseconds(5)) {
  Sample sample;
  sample.entry = entry;
  sample.status_code = 200;
  sample.service = service;
  sample.response = service;
  return sample;
}

Sample Failed(EntryId entry, std::string_view reason) {
  Sample sample = Passed(entry);
  sample.ok = false;
  sample.failure = reason;
  return sample;
}

Snapshot SnapshotOf(const Recorder& recorder) {
  Snapshot snapshot;
  recorder.Fill(&snapshot);
  return snapshot;
}

const EntryStats& Find(const Snapshot& snapshot, const std::string& method, const std::string& name,
                       RunPhase phase = RunPhase::kMeasured) {
  return snapshot.entries.at({phase, name, method});
}

TEST(RecorderTest, OneNameAndMethodHaveOneId) {
  Recorder recorder;
  const EntryId get = recorder.Intern("GET", "/a");
  EXPECT_EQ(recorder.Intern("GET", "/a"), get);
  EXPECT_NE(recorder.Intern("POST", "/a"), get);
  EXPECT_NE(recorder.Intern("GET", "/b"), get);
}

TEST(RecorderTest, ANameWithoutSamplesIsNotInTheSnapshot) {
  Recorder recorder;
  recorder.Intern("GET", "/a");
  EXPECT_TRUE(SnapshotOf(recorder).entries.empty());
}

TEST(RecorderTest, EverythingOfASampleIsCounted) {
  Recorder recorder;
  Sample sample = Passed(recorder.Intern("GET", "/a"));
  sample.status_code = 302;
  sample.response = milliseconds(9);
  sample.start_delay = milliseconds(4);
  sample.dns = milliseconds(1);
  sample.connect = milliseconds(2);
  sample.tls = milliseconds(3);
  sample.first_byte = Nanos(0);
  sample.bytes_sent = 70;
  sample.bytes_received = 900;
  recorder.Record(sample, kStart);
  recorder.Record(sample, kStart + seconds(2));
  const Snapshot snapshot = SnapshotOf(recorder);
  const EntryStats& stats = Find(snapshot, "GET", "/a");
  EXPECT_EQ(stats.requests, 2U);
  EXPECT_EQ(stats.failures, 0U);
  EXPECT_EQ(stats.status_classes, (std::array<uint64_t, 6>{0, 0, 0, 2, 0, 0}));
  EXPECT_EQ(stats.bytes_sent, 140U);
  EXPECT_EQ(stats.bytes_received, 1800U);
  EXPECT_EQ(stats.service.max(), milliseconds(5));
  EXPECT_EQ(stats.response.max(), milliseconds(9));
  EXPECT_EQ(stats.start_delay.max(), milliseconds(4));
  EXPECT_EQ(stats.times.dns.max(), milliseconds(1));
  EXPECT_EQ(stats.times.connect.max(), milliseconds(2));
  EXPECT_EQ(stats.times.tls.max(), milliseconds(3));
  EXPECT_EQ(stats.times.first_byte.count(), 2U);
  EXPECT_EQ(stats.first_at, kStart);
  EXPECT_EQ(stats.last_at, kStart + seconds(2));
}

TEST(RecorderTest, WhatDidNotHappenHasNoTime) {
  Recorder recorder;
  Sample sample = Failed(recorder.Intern("GET", "/a"), "connection refused");
  sample.status_code = 0;
  sample.service = sample.response = Nanos(-1);
  recorder.Record(sample, kStart);
  const Snapshot snapshot = SnapshotOf(recorder);
  const EntryStats& stats = Find(snapshot, "GET", "/a");
  EXPECT_EQ(stats.status_classes[0], 1U);
  EXPECT_EQ(stats.service.count(), 0U);
  EXPECT_EQ(stats.times.connect.count(), 0U);
}

TEST(RecorderTest, AStatusOutsideTheFiveClassesHasNone) {
  Recorder recorder;
  Sample sample = Passed(recorder.Intern("GET", "/a"));
  for (const uint16_t code : {0, 99, 600, 999, 65535}) {
    sample.status_code = code;
    recorder.Record(sample, kStart);
  }
  EXPECT_EQ(Find(SnapshotOf(recorder), "GET", "/a").status_classes[0], 5U);
}

TEST(RecorderTest, FailuresAreCountedByReason) {
  Recorder recorder;
  const EntryId buy = recorder.Intern("POST", "Buy");
  Sample late = Failed(buy, "timed out after 5s");
  late.timed_out = true;
  Sample open = Failed(buy, "still open when the run ended");
  open.unfinished = true;
  recorder.Record(Failed(buy, "HTTP 503"), kStart);
  recorder.Record(Failed(buy, "HTTP 503"), kStart + seconds(3));
  recorder.Record(late, kStart + seconds(4));
  recorder.Record(open, kStart + seconds(5));
  recorder.Record(Failed(buy, ""), kStart + seconds(6));
  recorder.Record(Passed(buy), kStart + seconds(7));
  const Snapshot snapshot = SnapshotOf(recorder);
  const EntryStats& stats = Find(snapshot, "POST", "Buy");
  EXPECT_EQ(stats.requests, 6U);
  EXPECT_EQ(stats.failures, 5U);
  EXPECT_EQ(stats.timeouts, 1U);
  EXPECT_EQ(stats.unfinished, 1U);
  EXPECT_EQ(snapshot.failures.size(), 4U);
  EXPECT_EQ(snapshot.failures.at({"POST", "Buy", "HTTP 503"}),
            (FailureStats{2, kStart, kStart + seconds(3)}));
  EXPECT_EQ(snapshot.failures.count({"POST", "Buy", "no reason given"}), 1U);
}

TEST(RecorderTest, PhasesAreKeptApartAndOnlyMeasuredOnesHaveReasonsAndChecks) {
  Recorder recorder;
  const EntryId entry = recorder.Intern("GET", "/a");
  for (const RunPhase phase : {RunPhase::kWarmUp, RunPhase::kMeasured, RunPhase::kCoolDown}) {
    Sample sample = Failed(entry, "HTTP 500");
    sample.phase = phase;
    recorder.Record(sample, kStart);
    recorder.RecordCheck(entry, "status", false, phase);
  }
  const Snapshot snapshot = SnapshotOf(recorder);
  EXPECT_EQ(snapshot.entries.size(), 3U);
  EXPECT_EQ(Find(snapshot, "GET", "/a", RunPhase::kWarmUp).failures, 1U);
  EXPECT_EQ(snapshot.failures.at({"GET", "/a", "HTTP 500"}).count, 1U);
  EXPECT_EQ(snapshot.checks.at({"/a", "status"}), (CheckStats{0, 1}));
}

TEST(RecorderTest, ChecksOfOneNameAddUpOverItsMethods) {
  Recorder recorder;
  recorder.RecordCheck(recorder.Intern("GET", "/a"), "status", true);
  recorder.RecordCheck(recorder.Intern("POST", "/a"), "status", true);
  recorder.RecordCheck(recorder.Intern("POST", "/a"), "status", false);
  EXPECT_EQ(SnapshotOf(recorder).checks.at({"/a", "status"}), (CheckStats{2, 1}));
}

TEST(RecorderTest, TaskErrorsAreCountedByText) {
  Recorder recorder;
  recorder.RecordTaskError("variable 'id' is not set");
  recorder.RecordTaskError("variable 'id' is not set");
  EXPECT_EQ(SnapshotOf(recorder).task_errors.at("variable 'id' is not set"), 2U);
}

TEST(RecorderTest, NamesPastTheCapAreFoldedAndCounted) {
  RecorderLimits limits;
  limits.names_max = 2;
  Recorder recorder(limits);
  recorder.Record(Passed(recorder.Intern("GET", "/1")), kStart);
  recorder.Record(Passed(recorder.Intern("GET", "other")), kStart);  // a name like any other
  for (int i = 3; i < 8; ++i) {
    recorder.Record(Passed(recorder.Intern("GET", "/" + std::to_string(i))), kStart);
  }
  recorder.Record(Passed(recorder.Intern("POST", "/1")), kStart);
  recorder.Record(Passed(recorder.Intern("GET", "/1")), kStart);
  const Snapshot snapshot = SnapshotOf(recorder);
  EXPECT_EQ(snapshot.entries.size(), 3U);
  EXPECT_EQ(Find(snapshot, "GET", "/1").requests, 2U);
  EXPECT_EQ(Find(snapshot, "GET", "other").requests, 6U);
  EXPECT_EQ(Find(snapshot, "POST", "other").requests, 1U);
  EXPECT_EQ(snapshot.health.names_dropped, 6U);
}

TEST(RecorderTest, EndlessMethodsDoNotGrowItEither) {
  RecorderLimits limits;
  limits.names_max = 1;
  Recorder recorder(limits);
  for (int i = 0; i < 1'000; ++i) {
    recorder.Record(Passed(recorder.Intern("M" + std::to_string(i), "/")), kStart);
  }
  const Snapshot snapshot = SnapshotOf(recorder);
  EXPECT_LE(snapshot.entries.size(), 40U);
  EXPECT_GT(Find(snapshot, "other", "other").requests, 900U);
  EXPECT_EQ(snapshot.Total().requests, 1'000U);
}

TEST(RecorderTest, ReasonsChecksAndErrorTextsPastTheCapBecomeOther) {
  RecorderLimits limits;
  limits.names_max = 1;
  limits.failure_reasons_max = 2;
  Recorder recorder(limits);
  const EntryId entry = recorder.Intern("GET", "/");
  for (int i = 0; i < 10; ++i) {
    const std::string text = "reason " + std::to_string(i);
    recorder.Record(Failed(entry, text), kStart);
    recorder.RecordCheck(entry, text, true);
    recorder.RecordTaskError(text);
  }
  const Snapshot snapshot = SnapshotOf(recorder);
  EXPECT_EQ(snapshot.failures.size(), 3U);
  EXPECT_EQ(snapshot.failures.at({"GET", "/", "other"}).count, 8U);
  EXPECT_EQ(snapshot.checks.at({"/", "other"}).passed, 9U);
  EXPECT_EQ(snapshot.task_errors.at("other"), 8U);
}

TEST(RecorderTest, LongNamesAreCutBetweenCharacters) {
  RecorderLimits limits;
  limits.name_length_max = 4;
  Recorder recorder(limits);
  recorder.Record(Passed(recorder.Intern("GET", "abcdefgh")), kStart);
  recorder.Record(Passed(recorder.Intern("GET", "abcdxyz")), kStart);
  recorder.Record(Passed(recorder.Intern("GET", "abc\u00e9")), kStart);
  recorder.Record(Passed(recorder.Intern("GET", "a\u20ac\u20ac")), kStart);
  const Snapshot snapshot = SnapshotOf(recorder);
  EXPECT_EQ(Find(snapshot, "GET", "abcd").requests, 2U);
  EXPECT_EQ(Find(snapshot, "GET", "abc").requests, 1U);
  EXPECT_EQ(Find(snapshot, "GET", "a\u20ac").requests, 1U);
}

TEST(RecorderTest, ShardsFilledIntoOneSnapshotAddUp) {
  Recorder one;
  one.Intern("GET", "/unused");  // ids differ between shards
  Recorder two;
  one.Record(Passed(one.Intern("GET", "/a"), milliseconds(1)), kStart + seconds(1));
  two.Record(Passed(two.Intern("GET", "/a"), milliseconds(9)), kStart);
  two.Record(Failed(two.Intern("GET", "/a"), "HTTP 500"), kStart + seconds(2));
  Snapshot snapshot;
  one.Fill(&snapshot);
  two.Fill(&snapshot);
  const EntryStats& stats = Find(snapshot, "GET", "/a");
  EXPECT_EQ(stats.requests, 3U);
  EXPECT_EQ(stats.service.min(), milliseconds(1));
  EXPECT_EQ(stats.service.max(), milliseconds(9));
  EXPECT_EQ(stats.first_at, kStart);
  EXPECT_EQ(stats.last_at, kStart + seconds(2));
}

TEST(RecorderTest, AWarmRecorderAllocatesNothing) {
  Recorder recorder;
  const std::string reason = "HTTP 503 with a text that fits no small string buffer";
  uint64_t before = 0;
  for (int round = 0; round < 2; ++round) {
    before = allocation_count;
    for (int i = 0; i < 100; ++i) {
      const EntryId entry = recorder.Intern("GET", "/products/{id} with a long enough name");
      Sample sample = Passed(entry, milliseconds(i));
      sample.start_delay = sample.connect = sample.first_byte = milliseconds(i);
      recorder.Record(sample, kStart);
      recorder.Record(Failed(entry, reason), kStart);
      recorder.RecordCheck(entry, "body has the fields that were asked for", i % 2 == 0);
      recorder.RecordTaskError(reason);
    }
  }
  EXPECT_EQ(allocation_count, before);
  EXPECT_GT(before, 0U) << "the counter does not count";
}

TEST(RecorderDeathTest, AnIdThatWasNeverGivenOutIsABug) {
  Recorder recorder;
  EXPECT_DEATH(recorder.Record(Passed(3), kStart), "check failed");
}

}  // namespace
}  // namespace squall
