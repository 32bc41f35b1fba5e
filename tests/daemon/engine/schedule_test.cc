#include "daemon/engine/schedule.h"

#include <vector>

#include <gtest/gtest.h>

#include "daemon/base/units.h"
#include "tests/daemon/engine/plan_builder.h"

namespace squall {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

LoadChange Users(Nanos since, uint64_t users, double spawn_rate) {
  LoadChange change;
  change.since = since;
  change.users = users;
  change.spawn_rate = spawn_rate;
  return change;
}

TEST(ScheduleTest, WithoutAChangeItIsTheProfile) {
  const Profile profile = ProfileOf(Stages({{seconds(10), 5, 1}, {seconds(10), 2, 1}}));
  const Schedule schedule(&profile);
  for (Nanos at{0}; at < seconds(25); at += milliseconds(250)) {
    EXPECT_EQ(schedule.UsersAt(at), profile.UsersAt(at));
    EXPECT_EQ(schedule.NextChange(at), profile.NextChange(at));
  }
  EXPECT_EQ(schedule.Duration(), seconds(20));
}

TEST(ScheduleTest, ALevelIsReachedOneUserAtATime) {
  const Profile profile = ProfileOf(Constant(10));
  Schedule up(&profile);
  up.Apply(Users(seconds(100), 13, 2));
  Schedule down(&profile);
  down.Apply(Users(seconds(100), 7, 2));
  const struct {
    Nanos at;
    uint64_t up;
    uint64_t down;
  } rows[] = {
      {milliseconds(100'000), 11, 9},  // the first at once
      {milliseconds(100'499), 11, 9}, {milliseconds(100'500), 12, 8},
      {milliseconds(100'999), 12, 8}, {milliseconds(101'000), 13, 7},
      {milliseconds(200'000), 13, 7},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(up.UsersAt(row.at), row.up) << row.at.count();
    EXPECT_EQ(down.UsersAt(row.at), row.down) << row.at.count();
  }
}

TEST(ScheduleTest, NextChangeNamesEveryStepAndNothingElse) {
  const Profile profile = ProfileOf(Constant(3));
  Schedule schedule(&profile);
  schedule.Apply(Users(seconds(10), 50, 7));
  Nanos at = seconds(10);
  for (uint64_t users = 4; users < 50; ++users) {
    ASSERT_EQ(schedule.UsersAt(at), users);
    std::optional<Nanos> next = schedule.NextChange(at);
    ASSERT_TRUE(next.has_value()) << users;
    // A step may be told a nanosecond early by rounding; asking again leads to it.
    for (int i = 0; i < 3 && schedule.UsersAt(*next) == users; ++i) {
      next = schedule.NextChange(*next);
    }
    ASSERT_EQ(schedule.UsersAt(*next), users + 1);
    ASSERT_NEAR(ToSeconds(*next), 10 + static_cast<double>(users - 3) / 7, 1e-8);
    at = *next;
  }
  EXPECT_EQ(schedule.NextChange(at), std::nullopt);
}

TEST(ScheduleTest, TheEndOfTheProfileStaysTheEnd) {
  const Profile profile = ProfileOf(Constant(3, 100, seconds(60)));
  Schedule schedule(&profile);
  schedule.Apply(Users(seconds(10), 5, 100));
  EXPECT_EQ(schedule.UsersAt(seconds(59)), 5u);
  EXPECT_EQ(schedule.NextChange(seconds(59)), seconds(60));
  EXPECT_EQ(schedule.UsersAt(seconds(60)), 0u);
  EXPECT_EQ(schedule.NextChange(seconds(60)), std::nullopt);
  EXPECT_EQ(schedule.NextChange(seconds(90)), std::nullopt);
}

TEST(ScheduleTest, AChangeTakesUpWhereTheLastOneWas) {
  const Profile profile = ProfileOf(Constant(10));
  Schedule schedule(&profile);
  schedule.Apply(Users(seconds(10), 20, 1));
  schedule.Apply(Users(seconds(14), 0, 1));  // 15 users by then
  EXPECT_EQ(schedule.UsersAt(seconds(14)), 14u);
  EXPECT_EQ(schedule.UsersAt(seconds(20)), 8u);
  EXPECT_EQ(schedule.UsersAt(seconds(60)), 0u);
}

// A shard may hear of a change a moment before its own clock has got there.
TEST(ScheduleTest, AChangeThatIsStillToComeChangesNothingYet) {
  const Profile profile = ProfileOf(Constant(10));
  Schedule schedule(&profile);
  schedule.Apply(Users(seconds(10), 20, 100));
  schedule.Apply(Users(seconds(30), 5, 100));
  EXPECT_EQ(schedule.UsersAt(seconds(5)), 10u);
  EXPECT_EQ(schedule.UsersAt(seconds(29)), 20u);
  EXPECT_EQ(schedule.NextChange(seconds(29)), seconds(30));
  EXPECT_EQ(schedule.UsersAt(seconds(31)), 5u);
}

TEST(ScheduleTest, ClearGoesBackToTheProfile) {
  const Profile profile = ProfileOf(Constant(10));
  Schedule schedule(&profile);
  schedule.Apply(Users(seconds(10), 20, 100));
  LoadChange clear;
  clear.since = seconds(20);
  clear.clear = true;
  schedule.Apply(clear);
  EXPECT_EQ(schedule.UsersAt(seconds(25)), 10u);
}

TEST(ScheduleTest, AFactorScalesTheRateAndIsClearedToo) {
  const Profile profile = ProfileOf(ArrivalsAt(50, seconds(60)));
  Schedule schedule(&profile);
  LoadChange change;
  change.rate_factor = 0.5;
  schedule.Apply(change);
  EXPECT_DOUBLE_EQ(schedule.ArrivalRateAt(seconds(1)), 25);
  EXPECT_DOUBLE_EQ(schedule.ArrivalRateAt(seconds(61)), 0);
  LoadChange clear;
  clear.clear = true;
  schedule.Apply(clear);
  EXPECT_DOUBLE_EQ(schedule.ArrivalRateAt(seconds(1)), 50);
}

}  // namespace
}  // namespace squall
