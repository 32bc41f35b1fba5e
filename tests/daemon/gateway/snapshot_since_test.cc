#include "daemon/gateway/snapshot_since.h"

#include <gtest/gtest.h>

namespace squall {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const EntryKey kHome{RunPhase::kMeasured, "/", "GET"};
const EntryKey kCart{RunPhase::kMeasured, "/cart", "GET"};

Snapshot Earlier() {
  Snapshot snapshot;
  snapshot.started_at = WallTime(seconds(1'700'000'000));
  snapshot.elapsed = seconds(10);
  EntryStats& home = snapshot.entries[kHome];
  home.requests = 2;
  home.failures = 1;
  home.response.Record(milliseconds(900));
  home.response.Record(milliseconds(900));
  snapshot.failures[{"GET", "/", "500"}].count = 1;
  snapshot.task_errors["boom"] = 2;
  return snapshot;
}

TEST(SnapshotSinceTest, CountsOnlyWhatIsNew) {
  const Snapshot earlier = Earlier();
  Snapshot now = earlier;
  now.elapsed = seconds(25);
  EntryStats& home = now.entries[kHome];
  home.requests += 3;
  for (int i = 0; i < 3; ++i) {
    home.response.Record(milliseconds(10));
  }
  now.entries[kCart].requests = 4;
  now.failures[{"GET", "/cart", "404"}].count = 1;
  now.users["Shopper"] = 7;

  const Snapshot since = SnapshotSince(now, earlier);
  EXPECT_EQ(since.entries.at(kHome).requests, 3u);
  EXPECT_EQ(since.entries.at(kHome).failures, 0u);
  EXPECT_LT(since.entries.at(kHome).response.max(), milliseconds(11));
  EXPECT_EQ(since.entries.at(kCart).requests, 4u);
  EXPECT_EQ(since.failures.size(), 1u);
  EXPECT_TRUE(since.task_errors.empty());
  EXPECT_EQ(since.users.at("Shopper"), 7u);
  EXPECT_EQ(since.elapsed, seconds(15));
  EXPECT_EQ(since.MeasuredTime(), seconds(15));
}

TEST(SnapshotSinceTest, NothingIsNewAtTheSameMoment) {
  const Snapshot since = SnapshotSince(Earlier(), Earlier());
  EXPECT_EQ(since.Total().requests, 0u);
  EXPECT_TRUE(since.failures.empty());
  EXPECT_EQ(since.elapsed, Nanos(0));
}

TEST(SnapshotSinceTest, WhatWentBackCountsAsNothing) {
  Snapshot later = Earlier();
  later.entries[kHome].requests = 9;
  later.elapsed = seconds(20);
  const Snapshot since = SnapshotSince(Earlier(), later);
  EXPECT_EQ(since.entries.at(kHome).requests, 0u);
  EXPECT_EQ(since.elapsed, Nanos(0));
}

}  // namespace
}  // namespace squall
