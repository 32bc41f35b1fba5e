#include "daemon/plan/profile.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "daemon/base/rng.h"
#include "daemon/base/units.h"
#include "daemon/plan/assignment.h"

namespace squall {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

Profile Make(const LoadProfile& load) {
  auto profile = Profile::Make(load);
  EXPECT_TRUE(profile.ok()) << profile.status();
  return *profile;
}

std::string ErrorOf(const LoadProfile& load) {
  const auto profile = Profile::Make(load);
  EXPECT_EQ(profile.status().code(), absl::StatusCode::kInvalidArgument);
  return std::string(profile.status().message());
}

// The seed document's load shapes: what tick() answers after `t` seconds. Written from the
// document's formulas, in floating point as there.
using Tick = std::optional<std::pair<int64_t, double>>;

Tick StagesTick(double t) {
  constexpr double kStages[4][3] = {{60, 10, 10}, {300, 50, 10}, {600, 50, 10}, {120, 0, 10}};
  double begin = 0;
  for (const auto& [duration, users, spawn_rate] : kStages) {
    if (t < begin + duration) {
      return Tick({static_cast<int64_t>(users), spawn_rate});
    }
    begin += duration;
  }
  return std::nullopt;
}

Tick PeakTick(double t) {
  if (t < 60) {
    return Tick({static_cast<int64_t>(t * 5), 10.0});
  }
  if (t < 360) {
    return Tick({300, 10.0});
  }
  if (t < 420) {
    return Tick({static_cast<int64_t>(300 - (t - 360) * 5), 10.0});
  }
  return std::nullopt;
}

Tick StressTick(double t) {
  return t < 3600 ? Tick({static_cast<int64_t>(t / 60 * 10), 10.0}) : std::nullopt;
}

Tick SoakTick(double t) {
  if (t < 600) {
    return Tick({static_cast<int64_t>(t / 12), 5.0});
  }
  return t < 7200 ? Tick({50, 5.0}) : std::nullopt;
}

Tick SpikeTick(double t) {
  if (t < 300) {
    return Tick({50, 10.0});
  }
  if (t < 420) {
    return Tick({500, 50.0});
  }
  return t < 720 ? Tick({50, 50.0}) : std::nullopt;
}

LoadProfile SeedStages() {
  return {.load = std::vector<Stage>{{seconds(60), 10, 10},
                                     {seconds(300), 50, 10},
                                     {seconds(600), 50, 10},
                                     {seconds(120), 0, 10}}};
}

struct SeedRow {
  const char* what;
  LoadProfile load;
  Tick (*tick)(double);
  int64_t seconds;
  uint64_t peak;
};

std::vector<SeedRow> SeedRows() {
  return {{"stages", SeedStages(), StagesTick, 1080, 50},
          {"peak", {.load = PeakShape{}}, PeakTick, 420, 300},
          {"stress", {.load = StressShape{}}, StressTick, 3600, 599},
          {"soak", {.load = SoakShape{}}, SoakTick, 7200, 50},
          {"spike", {.load = SpikeShape{}}, SpikeTick, 720, 500}};
}

TEST(ProfileTest, CornersAreWhereTheUsersBendOrJump) {
  const Profile stages =
      Make({.load = std::vector<Stage>{{seconds(60), 10, 1}, {seconds(60), 4, 2}}});
  EXPECT_EQ(stages.Corners(),
            (std::vector<Nanos>{seconds(0), seconds(10), seconds(60), seconds(63), seconds(120)}));
  const Profile level = Make({.load = ConstantLoad{.users = 10, .spawn_rate = 5}});
  EXPECT_EQ(level.Corners(), (std::vector<Nanos>{seconds(0), seconds(2)}));
  const Profile open = Make({.load = Arrival{.stages = {{seconds(5), 1.0}, {seconds(7), 2.0}}}});
  EXPECT_EQ(open.Corners(), (std::vector<Nanos>{seconds(0), seconds(5), seconds(12)}));
}

TEST(ProfileTest, TheSeedsFiveShapesAgreeTickByTick) {
  for (const SeedRow& row : SeedRows()) {
    SCOPED_TRACE(row.what);
    const Profile profile = Make(row.load);
    EXPECT_EQ(profile.Duration(), seconds(row.seconds));
    EXPECT_EQ(profile.PeakUsers(), row.peak);
    for (int64_t quarter = 0; quarter < (row.seconds + 10) * 4; ++quarter) {
      const Tick expected = row.tick(static_cast<double>(quarter) / 4);
      const std::optional<LoadTarget> target = profile.Target(milliseconds(250) * quarter);
      ASSERT_EQ(target.has_value(), expected.has_value()) << quarter / 4.0 << " s";
      if (expected) {
        ASSERT_EQ(static_cast<int64_t>(target->users), expected->first) << quarter / 4.0 << " s";
        ASSERT_EQ(target->spawn_rate, expected->second) << quarter / 4.0 << " s";
      }
    }
    EXPECT_TRUE(profile.Target(seconds(row.seconds) - Nanos(1)).has_value());
    EXPECT_FALSE(profile.Target(seconds(row.seconds)).has_value());
  }
}

TEST(ProfileTest, ShapesThatMoveSlowerThanTheSpawnRateRunExactlyTheirTarget) {
  for (const char* what : {"peak", "stress", "soak"}) {
    for (const SeedRow& row : SeedRows()) {
      if (row.what != std::string(what)) {
        continue;
      }
      const Profile profile = Make(row.load);
      for (int64_t quarter = 0; quarter < row.seconds * 4; ++quarter) {
        const Nanos at = milliseconds(250) * quarter;
        ASSERT_EQ(profile.UsersAt(at), profile.Target(at)->users) << what << quarter / 4.0;
      }
      EXPECT_EQ(profile.UsersAt(seconds(row.seconds)), 0u);
    }
  }
}

TEST(ProfileTest, TheSeedsStagesRampAtTheirSpawnRate) {
  const Profile profile = Make(SeedStages());
  EXPECT_EQ(profile.UsersAt(Nanos(0)), 1u);
  EXPECT_EQ(profile.UsersAt(milliseconds(899)), 9u);
  EXPECT_EQ(profile.UsersAt(milliseconds(900)), 10u);
  EXPECT_EQ(profile.UsersAt(seconds(59)), 10u);
  EXPECT_EQ(profile.UsersAt(seconds(60)), 11u);
  EXPECT_EQ(profile.UsersAt(seconds(64)), 50u);
  EXPECT_EQ(profile.UsersAt(seconds(960) - Nanos(1)), 50u);
  EXPECT_EQ(profile.UsersAt(seconds(960)), 49u);
  EXPECT_EQ(profile.UsersAt(seconds(965)), 0u);
  EXPECT_EQ(profile.NextChange(seconds(965)), std::nullopt);
}

TEST(ProfileTest, NextChangeVisitsEveryChangeAndOnlyChanges) {
  for (const SeedRow& row : SeedRows()) {
    SCOPED_TRACE(row.what);
    const Profile profile = Make(row.load);
    uint64_t users = 0;
    Nanos at{-1};
    for (auto next = profile.NextChange(at); next; next = profile.NextChange(at)) {
      ASSERT_GT(*next, at);
      ASSERT_EQ(profile.UsersAt(*next - Nanos(1)), users);
      ASSERT_EQ(profile.UsersAt(at + (*next - at) / 2), users);
      at = *next;
      ASSERT_NE(profile.UsersAt(at), users);
      users = profile.UsersAt(at);
    }
    EXPECT_EQ(users, 0u);
  }
}

TEST(ProfileTest, TheSharesOfAllAgentsAddUpAtEveryInstant) {
  const Profile profile = Make({.load = PeakShape{}});
  for (Nanos at{0}; at < seconds(430); at += milliseconds(777)) {
    uint64_t sum = 0;
    for (uint64_t agent = 0; agent < 7; ++agent) {
      sum += MakeAssignment(agent, 7, 1).Share(profile.UsersAt(at));
    }
    ASSERT_EQ(sum, profile.UsersAt(at));
  }
}

TEST(ProfileTest, AConstantLoadWithoutARunTimeHasNoEnd) {
  const Profile profile = Make({.load = ConstantLoad{.users = 100, .spawn_rate = 10}});
  EXPECT_EQ(profile.Duration(), std::nullopt);
  EXPECT_EQ(profile.UsersAt(seconds(5)), 51u);
  EXPECT_EQ(profile.UsersAt(hours(1'000'000)), 100u);
  EXPECT_EQ(profile.Target(hours(1'000'000)), (LoadTarget{100, 10}));
  EXPECT_EQ(profile.NextChange(seconds(10)), std::nullopt);
}

TEST(ProfileTest, TheRunTimeEndsTheLoad) {
  const Profile profile = Make({.load = ConstantLoad{}, .run_time = seconds(20)});
  EXPECT_EQ(profile.Duration(), seconds(20));
  EXPECT_EQ(profile.NextChange(seconds(1)), seconds(20));
  EXPECT_EQ(profile.UsersAt(seconds(20)), 0u);
  EXPECT_EQ(profile.Target(seconds(20)), std::nullopt);
}

TEST(ProfileTest, BeforeTheStartNobodyRunsAndTheTargetIsTheFirst) {
  const Profile profile = Make({.load = SpikeShape{}});
  EXPECT_EQ(profile.UsersAt(seconds(-1)), 0u);
  EXPECT_EQ(profile.Target(seconds(-1)), profile.Target(seconds(0)));
  EXPECT_EQ(profile.NextChange(seconds(-1)), seconds(0));
}

TEST(ProfileTest, OtherSettingsPassThrough) {
  const Profile profile = Make(
      {.load = PeakShape{}, .iterations = 1000, .warm_up = seconds(60), .cool_down = seconds(30)});
  EXPECT_EQ(profile.iterations(), 1000u);
  EXPECT_EQ(profile.warm_up(), seconds(60));
  EXPECT_EQ(profile.cool_down(), seconds(30));
  EXPECT_FALSE(profile.IsOpen());
  EXPECT_EQ(profile.ArrivalsBy(seconds(100)), 0);
  EXPECT_EQ(profile.PeakArrivalRate(), 0);
}

TEST(ProfileTest, TheOpenModelHasARateAndNoUsers) {
  const Profile profile =
      Make({.load = Arrival{.stages = {{seconds(10), 100, 0.0}}, .users_max = 55}});
  EXPECT_TRUE(profile.IsOpen());
  EXPECT_EQ(profile.UsersAt(seconds(5)), 0u);
  EXPECT_EQ(profile.NextChange(Nanos(-1)), std::nullopt);
  EXPECT_EQ(profile.Target(seconds(5)), std::nullopt);
  EXPECT_EQ(profile.PeakUsers(), 55u);
  EXPECT_EQ(profile.UsersMax(), 55u);
  EXPECT_EQ(profile.ArrivalRateAt(seconds(5)), 50);
  EXPECT_EQ(profile.ArrivalsBy(seconds(5)), 125);
  EXPECT_EQ(profile.PeakArrivalRate(), 100);
  EXPECT_EQ(profile.Duration(), seconds(10));
}

TEST(ProfileTest, NonsenseIsRefusedWithTheNameOfTheField) {
  const std::pair<LoadProfile, const char*> rows[] = {
      {{.load = ConstantLoad{}, .run_time = seconds(0)}, "run_time must be above 0, got 0s"},
      {{.load = ConstantLoad{}, .iterations = 0}, "iterations must be at least 1, got 0"},
      {{.load = ConstantLoad{}, .warm_up = seconds(-1)}, "warm_up must not be negative, got -1s"},
      {{.load = ConstantLoad{}, .cool_down = seconds(1)},
       "cool_down must be 0 in a run without an end, which has no last part, got 1s"},
      {{.load = SpikeShape{}, .warm_up = seconds(360), .cool_down = seconds(360)},
       "warm_up + cool_down must be shorter than the run of 720s, got 360s + 360s"},
      {{.load = SpikeShape{}, .warm_up = Nanos::max(), .cool_down = Nanos::max()},
       "warm_up + cool_down must be shorter than the run of 720s, got 9223372036.854776s + "
       "9223372036.854776s"},
      {{.load = Arrival{}}, "arrival.stages must have at least one stage, got none"},
      {{.load = std::vector<Stage>{}}, "stages must have at least one stage, got none"},
  };
  for (const auto& [load, message] : rows) {
    EXPECT_EQ(ErrorOf(load), message);
  }
  EXPECT_TRUE(Profile::Make({.load = ConstantLoad{}, .warm_up = hours(1)}).ok());
}

// ---- the cursor over arrivals ----

std::vector<Nanos> AllOf(ArrivalClock* clock) {
  std::vector<Nanos> times;
  for (auto due = clock->Next(); due; due = clock->Next()) {
    EXPECT_EQ(due->number, times.size());
    EXPECT_TRUE(times.empty() || due->at >= times.back());
    times.push_back(due->at);
  }
  return times;
}

Profile Open(const std::vector<ArrivalStage>& stages,
             Arrival::Spacing spacing = Arrival::Spacing::kEven) {
  return Make({.load = Arrival{.stages = stages, .spacing = spacing}});
}

TEST(ArrivalClockTest, EvenArrivalsComeWhereTheIntegralIsTheirNumber) {
  const Profile profile = Open({{seconds(2), 10, 0.0}, {seconds(1), 10}, {seconds(2), 0, 10.0}});
  ArrivalClock clock(&profile, 1);
  const std::vector<Nanos> times = AllOf(&clock);
  ASSERT_EQ(times.size(), 30u);
  EXPECT_EQ(times[0], Nanos(0));
  EXPECT_EQ(times[10], seconds(2));
  EXPECT_EQ(times[15], milliseconds(2500));
  EXPECT_EQ(times[20], seconds(3));
  for (size_t n = 0; n < times.size(); ++n) {
    EXPECT_NEAR(profile.ArrivalsBy(times[n]), static_cast<double>(n), 1e-7);
  }
  EXPECT_FALSE(clock.Next().has_value());
}

TEST(ArrivalClockTest, PoissonArrivalsFollowTheSeedAndTheRate) {
  const Profile profile =
      Open({{seconds(100), 200, 0.0}, {seconds(100), 100}}, Arrival::Spacing::kPoisson);
  ArrivalClock clock(&profile, 7);
  ArrivalClock same(&profile, 7);
  ArrivalClock other(&profile, 8);
  const std::vector<Nanos> times = AllOf(&clock);
  EXPECT_EQ(times, AllOf(&same));
  EXPECT_NE(times, AllOf(&other));
  // 20 000 are expected; the deviation of a Poisson count is its root.
  EXPECT_NEAR(static_cast<double>(times.size()), 20'000, 4 * std::sqrt(20'000));
  const auto half =
      std::count_if(times.begin(), times.end(), [](Nanos at) { return at < seconds(50); });
  EXPECT_NEAR(static_cast<double>(half), 2500, 4 * std::sqrt(2500));
  // Exponential gaps where the rate is constant: mean and deviation are both 10 ms.
  std::vector<double> gaps;
  for (size_t i = 1; i < times.size(); ++i) {
    if (times[i - 1] > seconds(100)) {
      gaps.push_back(ToMillis(times[i] - times[i - 1]));
    }
  }
  const double mean = std::accumulate(gaps.begin(), gaps.end(), 0.0) / gaps.size();
  double squares = 0;
  for (double gap : gaps) {
    squares += (gap - mean) * (gap - mean);
  }
  EXPECT_NEAR(mean, 10, 0.4);
  EXPECT_NEAR(std::sqrt(squares / gaps.size()), 10, 0.6);
}

TEST(ArrivalClockTest, RescalingChangesTheSpacingAtTheMomentOfTheChange) {
  const Profile profile = Open({{seconds(10), 10}});
  ArrivalClock clock(&profile, 1);
  for (int n = 0; n < 20; ++n) {
    clock.Next();
  }
  // At 1.95 s half of the way to arrival 20 is done; the other half goes twice as fast.
  clock.Rescale(2, milliseconds(1950));
  EXPECT_EQ(clock.Next()->at, milliseconds(1975));
  EXPECT_EQ(clock.Next()->at, milliseconds(2025));
  clock.Rescale(0.5, milliseconds(2025));
  EXPECT_EQ(clock.Next()->at, milliseconds(2225));
}

TEST(ArrivalClockTest, AChangeThatArrivesOutOfOrderCountsFromTheLatestMoment) {
  const Profile profile = Open({{seconds(10), 10}});
  ArrivalClock clock(&profile, 1);
  clock.Rescale(2, seconds(5));
  clock.Rescale(1, seconds(3));
  EXPECT_EQ(AllOf(&clock).size(), 100u);
}

TEST(ArrivalClockTest, ThePauseOfAFactorOfZeroLosesNothing) {
  const Profile profile = Open({{seconds(10), 10}});
  ArrivalClock clock(&profile, 1);
  clock.Next();
  clock.Rescale(0, milliseconds(50));
  EXPECT_FALSE(clock.Next().has_value());
  EXPECT_FALSE(clock.Next().has_value());
  clock.Rescale(1, seconds(5));
  const auto due = clock.Next();
  ASSERT_TRUE(due.has_value());
  EXPECT_EQ(due->number, 1u);
  EXPECT_EQ(due->at, milliseconds(5050));
}

TEST(ArrivalClockTest, AnArrivalThatIsTakenBackComesAgainAtItsNewTime) {
  for (auto spacing : {Arrival::Spacing::kEven, Arrival::Spacing::kPoisson}) {
    const Profile profile = Open({{seconds(1000), 0.1}}, spacing);
    ArrivalClock clock(&profile, 3);
    ArrivalClock twin(&profile, 3);
    const auto first = clock.Next();
    const auto held = clock.Next();
    twin.Next();
    clock.TakeBack();
    EXPECT_EQ(clock.Next()->at, held->at);
    clock.TakeBack();
    // Both clocks agree afterwards, though one of them was ahead.
    clock.Rescale(100, first->at + Nanos(5));
    twin.Rescale(100, first->at + Nanos(5));
    const auto sooner = clock.Next();
    EXPECT_EQ(sooner->number, held->number);
    EXPECT_LT(sooner->at, held->at);
    EXPECT_EQ(sooner->at, twin.Next()->at);
    EXPECT_EQ(clock.Next()->at, twin.Next()->at);
  }
}

TEST(ArrivalClockTest, ALateClockKeepsTheTimesFromBeforeTheChange) {
  const Profile profile = Open({{seconds(10), 10}});
  ArrivalClock late(&profile, 1);
  late.Rescale(3, seconds(1));  // nothing was taken yet
  late.Rescale(0, seconds(2));
  late.Rescale(1, seconds(3));
  for (int n = 0; n < 10; ++n) {
    EXPECT_EQ(late.Next()->at, milliseconds(100) * n);
  }
  EXPECT_EQ(late.Next()->at, seconds(1));
  EXPECT_EQ(late.Next()->number, 11u);
  for (int n = 12; n < 40; ++n) {
    EXPECT_LT(late.Next()->at, seconds(2));
  }
  EXPECT_EQ(late.Next()->at, seconds(3));  // arrival 40 was due when the pause began
}

// Random changes on random rates: the number of arrivals by any time is the scaled integral.
TEST(ArrivalClockTest, NoChangeLosesOrAddsAnArrival) {
  for (uint64_t seed = 1; seed <= 100; ++seed) {
    SCOPED_TRACE(seed);
    Rng rng(seed);
    std::vector<ArrivalStage> stages(1 + rng.Below(5));
    for (ArrivalStage& stage : stages) {
      stage = {milliseconds(500 + rng.Below(5000)), 1 + rng.Unit() * 200, rng.Unit() * 200};
    }
    const Profile profile = Open(stages);
    ArrivalClock clock(&profile, 1);
    double scaled = 0;
    double factor = 1;
    Nanos changed{0};
    uint64_t given = 0;
    while (changed < *profile.Duration()) {
      const Nanos next = changed + milliseconds(1 + rng.Below(1500));
      // Take all that are due before the next change, as an engine that waits for each.
      auto due = clock.Next();
      while (due && due->at < next) {
        ASSERT_GE(due->at, changed);
        ++given;
        due = clock.Next();
      }
      if (due) {
        clock.TakeBack();
      }
      scaled += factor * (profile.ArrivalsBy(next) - profile.ArrivalsBy(changed));
      ASSERT_NEAR(static_cast<double>(given), scaled + 0.5, 0.5 + 1e-6);
      factor = rng.Below(5) == 0 ? 0 : rng.Unit() * 4;
      clock.Rescale(factor, next);
      changed = next;
    }
  }
}

TEST(ArrivalClockTest, AFactorThatIsNoNumberIsABug) {
  const Profile profile = Open({{seconds(10), 10}});
  ArrivalClock clock(&profile, 1);
  EXPECT_DEATH(clock.Rescale(-1, seconds(1)), "check failed");
  EXPECT_DEATH(clock.Rescale(std::numeric_limits<double>::quiet_NaN(), seconds(1)), "check failed");
  EXPECT_DEATH(clock.TakeBack(), "check failed");
}

}  // namespace
}  // namespace squall
