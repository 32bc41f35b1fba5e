#include "daemon/plan/arrival_rate.h"

#include <cmath>
#include <limits>
#include <string>

#include <gtest/gtest.h>

#include "daemon/base/rng.h"
#include "daemon/base/units.h"
#include "daemon/plan/target_leg.h"

namespace squall {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

ArrivalRate Rate(const std::vector<ArrivalStage>& stages, Nanos limit = kForever) {
  auto rate = ArrivalRate::Make({.stages = stages}, limit);
  EXPECT_TRUE(rate.ok()) << rate.status();
  return rate.ok() ? *rate : ArrivalRate();
}

std::string ErrorOf(const Arrival& arrival) {
  const absl::Status status = ArrivalRate::Make(arrival, kForever).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  return std::string(status.message());
}

TEST(PeakOfTest, IsTheHighestRateOfAnyStageAndOfItsStart) {
  EXPECT_EQ(PeakOf({}), 0);
  EXPECT_EQ(PeakOf({.stages = {{seconds(1), 3}, {seconds(1), 1, 7}}}), 7);
  EXPECT_EQ(PeakOf({.stages = {{seconds(1), 3}, {seconds(1), 9, 7}}}), 9);
}

TEST(ArrivalRateTest, AConstantRateSpacesArrivalsEvenly) {
  const ArrivalRate rate = Rate({{seconds(1), 10}});
  for (int n = 0; n < 10; ++n) {
    EXPECT_EQ(rate.TimeOf(n), milliseconds(100) * n);
  }
  EXPECT_EQ(rate.TimeOf(10), std::nullopt);
  EXPECT_EQ(rate.TimeOf(std::nextafter(10.0, 0.0)), seconds(1) - Nanos(1));
  EXPECT_EQ(rate.Area(), 10);
  EXPECT_EQ(rate.At(milliseconds(500)), 10);
  EXPECT_EQ(rate.At(seconds(1)), 0);
  EXPECT_EQ(rate.At(Nanos(-1)), 0);
  EXPECT_EQ(rate.AreaBy(milliseconds(250)), 2.5);
  EXPECT_EQ(rate.AreaBy(seconds(9)), 10);
  EXPECT_EQ(rate.AreaBy(seconds(-9)), 0);
}

TEST(ArrivalRateTest, ARampFromZeroFollowsTheSquareRoot) {
  const ArrivalRate rate = Rate({{seconds(10), 10, 0.0}});  // area t²/2
  EXPECT_EQ(rate.TimeOf(0), Nanos(0));
  EXPECT_EQ(rate.TimeOf(2), seconds(2));
  EXPECT_EQ(rate.TimeOf(8), seconds(4));
  EXPECT_EQ(rate.TimeOf(32), seconds(8));
  EXPECT_EQ(rate.Area(), 50);
  EXPECT_EQ(rate.Peak(), 10);
}

TEST(ArrivalRateTest, ARampToZeroEndsWithTheLastArrivalInside) {
  const ArrivalRate rate = Rate({{seconds(10), 0, 10.0}});
  EXPECT_EQ(rate.TimeOf(0), Nanos(0));
  EXPECT_EQ(rate.TimeOf(18), seconds(2));
  EXPECT_EQ(rate.TimeOf(48), seconds(8));
  ASSERT_TRUE(rate.TimeOf(49.999999999).has_value());
  EXPECT_LT(*rate.TimeOf(49.999999999), seconds(10));
  EXPECT_EQ(rate.TimeOf(50), std::nullopt);
}

TEST(ArrivalRateTest, FractionsCarryOverFromStageToStage) {
  // 0.25 + 0.25 + 0.25 + …: an arrival at each fourth stage.
  const ArrivalRate rate = Rate(std::vector<ArrivalStage>(40, {seconds(1), 0.25}));
  for (int n = 0; n < 10; ++n) {
    EXPECT_EQ(rate.TimeOf(n), seconds(4) * n);
  }
  EXPECT_EQ(rate.TimeOf(10), std::nullopt);
}

TEST(ArrivalRateTest, RoundingNeverAddsOrLosesTheLastArrival) {
  // In binary, ten times 0.1 is less than 1, and 3 · 0.4 + 3 · 0.4 + 0.6 is more than 3.
  const ArrivalRate tenths = Rate(std::vector<ArrivalStage>(10, {seconds(1), 0.1}));
  EXPECT_EQ(tenths.Area(), 1);
  const ArrivalRate more = Rate({{seconds(3), 0.4}, {seconds(3), 0.4}, {seconds(1), 0.6}});
  EXPECT_EQ(more.Area(), 3);
  EXPECT_TRUE(more.TimeOf(2).has_value());
  EXPECT_EQ(more.TimeOf(3), std::nullopt);
}

TEST(ArrivalRateTest, AnArrivalDueInAPauseComesAfterIt) {
  const ArrivalRate rate =
      Rate({{seconds(5), 0}, {seconds(1), 10}, {seconds(10), 0}, {seconds(1), 10}});
  EXPECT_EQ(rate.TimeOf(0), seconds(5));
  EXPECT_EQ(rate.TimeOf(9), milliseconds(5900));
  EXPECT_EQ(rate.TimeOf(10), seconds(16));
  EXPECT_EQ(rate.TimeOf(19), milliseconds(16'900));
  EXPECT_EQ(rate.TimeOf(20), std::nullopt);
}

TEST(ArrivalRateTest, TheLimitCutsARampWithItsSlope) {
  const ArrivalRate rate = Rate({{seconds(10), 10, 0.0}, {seconds(5), 10}}, seconds(4));
  EXPECT_EQ(rate.End(), seconds(4));
  EXPECT_EQ(rate.Area(), 8);
  EXPECT_EQ(rate.Peak(), 4);
}

TEST(ArrivalRateTest, TimeOfIsTheInverseOfTheArea) {
  for (uint64_t seed = 1; seed <= 100; ++seed) {
    SCOPED_TRACE(seed);
    Rng rng(seed);
    std::vector<ArrivalStage> stages(1 + rng.Below(8));
    for (ArrivalStage& stage : stages) {
      stage.duration = milliseconds(1 + rng.Below(5000));
      stage.rate = rng.Below(4) == 0 ? 0 : rng.Unit() * 500;
      if (rng.Below(2) == 0) {
        stage.from = rng.Unit() * 500;
      }
    }
    stages[0].rate = 1;
    const ArrivalRate rate = Rate(stages);
    Nanos last{-1};
    for (double area = 0; area < rate.Area(); area += 0.37) {
      const auto at = rate.TimeOf(area);
      ASSERT_TRUE(at.has_value());
      ASSERT_GE(*at, last);
      // One nanosecond of the steepest rate.
      ASSERT_NEAR(rate.AreaBy(*at), area, 2e-6);
      last = *at;
    }
  }
}

TEST(ArrivalRateTest, AMillionSecondsStayExact) {
  const ArrivalRate rate = Rate({{seconds(1'000'000), 20'000}});
  EXPECT_EQ(rate.TimeOf(20'000.0 * 999'999 + 1), seconds(999'999) + Nanos(50'000));
  EXPECT_EQ(rate.TimeOf(2e10), std::nullopt);
  // A slope so small that a - b in the textbook formula would keep no digit.
  const ArrivalRate flat = Rate({{seconds(1'000'000), 20'000.000001, 20'000.0}});
  ASSERT_TRUE(flat.TimeOf(20'000).has_value());
  EXPECT_NEAR(ToSeconds(*flat.TimeOf(20'000)), 1, 1e-9);
}

TEST(ArrivalRateTest, NonsenseIsRefusedWithTheNameOfTheField) {
  const ArrivalStage good{seconds(1), 5};
  EXPECT_EQ(ErrorOf({}), "arrival.stages must have at least one stage, got none");
  EXPECT_EQ(ErrorOf({.stages = {good, {seconds(0), 5}}}),
            "arrival.stages[1].duration must be above 0, got 0s");
  EXPECT_EQ(ErrorOf({.stages = {{seconds(1), -5}}}),
            "arrival.stages[0].rate must be from 0 to 100000000 per second, got -5");
  EXPECT_EQ(ErrorOf({.stages = {{seconds(1), 5, std::numeric_limits<double>::infinity()}}}),
            "arrival.stages[0].from must be from 0 to 100000000 per second, got inf");
  EXPECT_EQ(ErrorOf({.stages = {{seconds(1), 0}}}),
            "must have an arrival rate above 0 at some time");
  EXPECT_EQ(ErrorOf({.stages = {good}, .users_max = 0}),
            "arrival.max_users must be at least 1, got 0");
  EXPECT_EQ(ErrorOf({.stages = {{hours(876'000), 1e8}}}),
            "must ask for at most 9000000000000000 arrivals in all, got 3.1536e+17");
  EXPECT_EQ(ErrorOf({.stages = std::vector<ArrivalStage>(9, {Nanos::max(), 1})}),
            "must last at most 100 years");
}

}  // namespace
}  // namespace squall
