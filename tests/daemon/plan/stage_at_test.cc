#include "daemon/plan/stage_at.h"

#include <chrono>

#include <gtest/gtest.h>

namespace squall {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

LoadProfile Staged() {
  LoadProfile profile;
  profile.load = std::vector<Stage>{{seconds(10), 5, 1}, {seconds(20), 10, 1}};
  return profile;
}

TEST(StageAtTest, AStageHoldsFromItsStartToJustBeforeItsEnd) {
  EXPECT_EQ(StageAt(Staged(), seconds(0)), 1u);
  EXPECT_EQ(StageAt(Staged(), milliseconds(9'999)), 1u);
  EXPECT_EQ(StageAt(Staged(), seconds(10)), 2u);
  EXPECT_EQ(StageAt(Staged(), milliseconds(29'999)), 2u);
  EXPECT_EQ(StageAt(Staged(), seconds(30)), 0u);
}

TEST(StageAtTest, TheRunTimeEndsTheStages) {
  LoadProfile profile = Staged();
  profile.run_time = seconds(15);
  EXPECT_EQ(StageAt(profile, seconds(14)), 2u);
  EXPECT_EQ(StageAt(profile, seconds(15)), 0u);
}

TEST(StageAtTest, ArrivalsHaveStagesToo) {
  LoadProfile profile;
  profile.load = Arrival{{{seconds(5), 10, {}}, {seconds(5), 20, {}}}};
  EXPECT_EQ(StageAt(profile, seconds(6)), 2u);
}

TEST(StageAtTest, NamedShapesHaveTheirParts) {
  LoadProfile profile;
  profile.load = PeakShape();  // 60, 300, 60 s
  EXPECT_EQ(StageAt(profile, seconds(59)), 1u);
  EXPECT_EQ(StageAt(profile, seconds(60)), 2u);
  EXPECT_EQ(StageAt(profile, seconds(360)), 3u);
  EXPECT_EQ(StageAt(profile, seconds(420)), 0u);
  profile.load = SoakShape();  // 600 s ramp of 7200 s
  EXPECT_EQ(StageAt(profile, seconds(600)), 2u);
  EXPECT_EQ(StageAt(profile, seconds(7200)), 0u);
  profile.load = SpikeShape();  // 300, 120, 300 s
  EXPECT_EQ(StageAt(profile, seconds(300)), 2u);
  profile.load = StepsShape{0, 10, seconds(60), 3, 100};
  EXPECT_EQ(StageAt(profile, seconds(179)), 3u);
  EXPECT_EQ(StageAt(profile, seconds(180)), 0u);
}

TEST(StageAtTest, ALevelHasNone) {
  LoadProfile profile;
  EXPECT_EQ(StageAt(profile, seconds(1)), 0u);
  profile.load = SineShape{0, 10, seconds(60), seconds(600), 100};
  EXPECT_EQ(StageAt(profile, seconds(1)), 0u);
}

TEST(StageAtTest, StagesThatAreOverAreNotAhead) {
  const std::vector<Stage> stages = {{.duration = seconds(10), .users = 5, .spawn_rate = 1},
                                     {.duration = seconds(20), .users = 9, .spawn_rate = 1}};
  EXPECT_TRUE(CheckStagesAhead(stages, seconds(29)).ok());
  EXPECT_EQ(CheckStagesAhead(stages, seconds(30)).message(),
            "stages must last longer than the 30s that the run has gone on for, got 30s in all: "
            "they count from its start");
  EXPECT_EQ(CheckStagesAhead({}, seconds(1)).code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace squall
