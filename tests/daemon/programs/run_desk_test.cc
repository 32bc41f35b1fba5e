#include "daemon/programs/run_desk.h"

#include <vector>

#include <gtest/gtest.h>

namespace squall {
namespace {

using News = RunDesk::News;

class RunDeskTest : public testing::Test {
 protected:
  // What is there already: nothing is waited for.
  News Next() { return desk_.Wait(clock_.Now()); }

  ManualClock clock_;
  RunDesk desk_{&clock_};
};

TEST_F(RunDeskTest, NewsComeOnceAndSignalsFirst) {
  EXPECT_EQ(Next(), News::kNothing);
  desk_.PressEnter();
  desk_.Over();
  desk_.Interrupt(1);
  EXPECT_EQ(Next(), News::kInterrupted);
  EXPECT_EQ(Next(), News::kOver);
  EXPECT_EQ(Next(), News::kEnter);
  EXPECT_EQ(Next(), News::kNothing);
  EXPECT_TRUE(desk_.interrupted());
}

TEST_F(RunDeskTest, KnowsWhetherARunGoesOnAndHowTheLastOneEnded) {
  EXPECT_EQ(desk_.exit_code(), std::nullopt);
  desk_.Begin();
  EXPECT_TRUE(desk_.busy());
  desk_.Conclude(4);
  EXPECT_TRUE(desk_.busy());
  EXPECT_EQ(desk_.exit_code(), 4);
  desk_.Over();
  EXPECT_FALSE(desk_.busy());
}

TEST_F(RunDeskTest, WhoeverListensHearsEverySignalAndTheOneBefore) {
  std::vector<int> heard;
  desk_.Interrupt(1);
  desk_.Heed([&](int count) { heard.push_back(count); });
  desk_.Interrupt(2);
  desk_.Heed(nullptr);
  desk_.Interrupt(3);
  EXPECT_EQ(heard, (std::vector<int>{1, 2}));
}

}  // namespace
}  // namespace squall
