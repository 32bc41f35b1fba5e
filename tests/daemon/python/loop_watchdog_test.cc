#include "daemon/python/loop_watchdog.h"

#include <memory>
#include <string>
#include <vector>

#include "tests/daemon/python/embedded_python.h"

namespace squall {
namespace {

TEST(StandstillTest, IsToldAfterASecondAndThenEachTimeItIsFiveTimesAsLong) {
  Standstill standstill(1);
  std::vector<double> told;
  for (int i = 0; i < 300; ++i) {
    if (const double seconds = standstill.Glance(1, 0.1); seconds > 0) {
      told.push_back(seconds);
    }
  }
  ASSERT_EQ(told.size(), 3U);
  EXPECT_NEAR(told[0], 1, 0.2);
  EXPECT_NEAR(told[1], 5, 0.2);
  EXPECT_NEAR(told[2], 25, 0.2);
}

TEST(StandstillTest, ALoopThatTurnsNowAndThenIsWell) {
  Standstill standstill(0);
  for (uint64_t i = 0; i < 300; ++i) {
    EXPECT_EQ(standstill.Glance(i / 9, 0.1), 0) << i;
  }
}

TEST(StandstillTest, BeginsAnewAfterATurn) {
  Standstill standstill(0);
  for (int i = 0; i < 60; ++i) {
    standstill.Glance(0, 0.1);
  }
  EXPECT_EQ(standstill.Glance(1, 0.1), 0);
  int glances = 1;
  while (standstill.Glance(1, 0.1) == 0) {
    ++glances;
  }
  EXPECT_NEAR(glances, 10, 1);
}

class LoopWatchdogTest : public EmbeddedPython {
 protected:
  std::vector<std::string> told;
  std::unique_ptr<LoopWatchdog> watchdog =
      std::make_unique<LoopWatchdog>(hub.get(), [this](double seconds, const std::string& where) {
        EXPECT_GE(seconds, 0.9);
        told.push_back(where);
        const PyRef set(PyObject_CallMethod(Find("told"), "append", "d", seconds));
      });
};

// The code that blocks the loop goes on until it has been told of.
TEST_F(LoopWatchdogTest, TellsWhereTheCodeIsThatBlocksTheLoop) {
  Run("told = []\n"
      "code = compile('def busy():\\n  while not told:\\n    pass\\n', 'user_file.py', 'exec')\n"
      "exec(code)");
  watchdog->Watch(true);
  Run("busy()");
  ASSERT_EQ(told.size(), 1U);
  EXPECT_TRUE(told[0] == "user_file.py:2, in busy" || told[0] == "user_file.py:3, in busy")
      << told[0];
}

TEST_F(LoopWatchdogTest, SaysNothingWhileItDoesNotWatch) {
  Run("told = []");
  watchdog->Watch(true);
  watchdog->Watch(false);
  watchdog.reset();
  EXPECT_TRUE(told.empty());
}

TEST_F(LoopWatchdogTest, EndsWhileTheLoopIsBlocked) {
  Run("told = []");
  watchdog->Watch(true);
  watchdog.reset();
}

}  // namespace
}  // namespace squall
