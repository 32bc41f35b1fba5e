#include "operator/controller/lease.h"

#include <gtest/gtest.h>

#include "operator/kube/api/object.h"

namespace squall {
namespace {

using std::chrono::seconds;

const LeaseCandidate kMe{.identity = "me", .duration = seconds(15)};
const WallTime kWall = WallTime(seconds(1'700'000'000));

LeaseRecord HeldBy(std::string holder, int64_t transitions = 3, std::string version = "100") {
  return {std::move(holder), 15, "acquired", "renewed", transitions, std::move(version)};
}

class LeaseTest : public testing::Test {
 protected:
  // What `kMe` does about `record`, which it has first seen `unchanged_for` ago.
  static LeaseStep Decide(const LeaseRecord& record, Nanos unchanged_for, bool leads = false) {
    LeaseObservation seen;
    seen.See(record, TimePoint());
    return DecideLease(kMe, leads, record, seen, TimePoint() + unchanged_for, kWall);
  }
};

TEST_F(LeaseTest, MakesTheLeaseIfThereIsNone) {
  const LeaseStep step = DecideLease(kMe, false, std::nullopt, {}, TimePoint(), kWall);
  EXPECT_EQ(step.kind, LeaseStep::Kind::kCreate);
  EXPECT_EQ(step.record, (LeaseRecord{"me", 15, "2023-11-14T22:13:20.000000Z",
                                      "2023-11-14T22:13:20.000000Z", 0, ""}));
}

TEST_F(LeaseTest, WaitsWhileAnotherOneRenews) {
  EXPECT_EQ(Decide(HeldBy("other"), Nanos(0)).kind, LeaseStep::Kind::kWait);
  EXPECT_EQ(Decide(HeldBy("other"), seconds(15) - Nanos(1)).kind, LeaseStep::Kind::kWait);
}

TEST_F(LeaseTest, TakesOverWhatHasNotChangedForItsOwnDuration) {
  const LeaseStep step = Decide(HeldBy("other"), seconds(15));
  EXPECT_EQ(step.kind, LeaseStep::Kind::kUpdate);
  EXPECT_EQ(step.record.holder, "me");
  EXPECT_EQ(step.record.transitions, 4);
  EXPECT_EQ(step.record.resource_version, "100") << "so that only one of two candidates gets it";
  EXPECT_EQ(step.record.acquire_time, "2023-11-14T22:13:20.000000Z");
}

TEST_F(LeaseTest, TheHoldersDurationCountsNotOurs) {
  LeaseRecord record = HeldBy("other");
  record.duration_seconds = 60;
  EXPECT_EQ(Decide(record, seconds(59)).kind, LeaseStep::Kind::kWait);
  EXPECT_EQ(Decide(record, seconds(60)).kind, LeaseStep::Kind::kUpdate);
}

TEST_F(LeaseTest, AnAbsurdDurationHoldsNobodyForEver) {
  LeaseRecord record = HeldBy("other");
  record.duration_seconds = INT64_MAX;
  EXPECT_EQ(Decide(record, std::chrono::hours(25)).kind, LeaseStep::Kind::kUpdate);
  record.duration_seconds = -5;
  EXPECT_EQ(Decide(record, Nanos(0)).kind, LeaseStep::Kind::kUpdate);
}

TEST_F(LeaseTest, EveryChangeOfTheRecordStartsTheWaitAgain) {
  LeaseObservation seen;
  seen.See(HeldBy("other", 3, "100"), TimePoint());
  seen.See(HeldBy("other", 3, "100"), TimePoint() + seconds(10));
  EXPECT_TRUE(seen.Abandoned(TimePoint() + seconds(15))) << "seen again, not changed";
  seen.See(HeldBy("other", 3, "101"), TimePoint() + seconds(14));
  EXPECT_FALSE(seen.Abandoned(TimePoint() + seconds(28)));
  EXPECT_TRUE(seen.Abandoned(TimePoint() + seconds(29)));
}

TEST_F(LeaseTest, TakesAReleasedLeaseAtOnce) {
  const LeaseStep step = Decide(ReleasedLease(HeldBy("other"), kWall), Nanos(0));
  EXPECT_EQ(step.kind, LeaseStep::Kind::kUpdate);
  EXPECT_EQ(step.record.transitions, 4);
}

TEST_F(LeaseTest, ALeaderRenewsWithoutANewEpoch) {
  const LeaseStep step = Decide(HeldBy("me"), seconds(2), /*leads=*/true);
  EXPECT_EQ(step.kind, LeaseStep::Kind::kUpdate);
  EXPECT_EQ(step.record,
            (LeaseRecord{"me", 15, "acquired", "2023-11-14T22:13:20.000000Z", 3, "100"}));
}

TEST_F(LeaseTest, AnEarlierProcessOfOurNameHadAnotherEpoch) {
  const LeaseStep step = Decide(HeldBy("me"), Nanos(0), /*leads=*/false);
  EXPECT_EQ(step.kind, LeaseStep::Kind::kUpdate);
  EXPECT_EQ(step.record.transitions, 4);
}

TEST_F(LeaseTest, ADeletedLeaseDoesNotLowerTheEpoch) {
  LeaseObservation seen;
  seen.See(HeldBy("me", 7), TimePoint());
  const LeaseStep mine = DecideLease(kMe, true, std::nullopt, seen, TimePoint(), kWall);
  EXPECT_EQ(mine.kind, LeaseStep::Kind::kCreate);
  EXPECT_EQ(mine.record.transitions, 7);
  const LeaseStep taken = DecideLease(kMe, false, std::nullopt, seen, TimePoint(), kWall);
  EXPECT_EQ(taken.record.transitions, 8);
}

TEST_F(LeaseTest, SurvivesItsWayThroughJson) {
  const ObjectKey key{"squall-system", "squall-operator"};
  const boost::json::object lease = WriteLease(key, HeldBy("other"));
  EXPECT_EQ(ReadLease(lease), HeldBy("other"));
  EXPECT_EQ(KeyOf(lease), key);
  EXPECT_EQ(StringAt(lease, "apiVersion"), "coordination.k8s.io/v1");
  EXPECT_EQ(StringAt(lease, "kind"), "Lease");
}

TEST_F(LeaseTest, ALeaseWithoutASpecIsFree) {
  const LeaseRecord record = ReadLease(NewObject(kLeases, {"ns", "name"}));
  EXPECT_EQ(Decide(record, Nanos(0)).kind, LeaseStep::Kind::kUpdate);
}

TEST_F(LeaseTest, AReleasedLeaseKeepsTheEpochAndNamesNobody) {
  const LeaseRecord record = ReleasedLease(HeldBy("me", 9), kWall);
  EXPECT_EQ(record, (LeaseRecord{"", 1, "2023-11-14T22:13:20.000000Z",
                                 "2023-11-14T22:13:20.000000Z", 9, "100"}));
}

}  // namespace
}  // namespace squall
