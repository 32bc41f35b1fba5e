#include "daemon/programs/locust_console.h"

#include <cstdlib>
#include <ctime>

#include <gtest/gtest.h>

namespace squall {
namespace {

TEST(LocustConsoleTest, ALogLineLooksLikeLocusts) {
  setenv("TZ", "UTC", 1);
  tzset();
  const WallTime at{std::chrono::milliseconds(1'767'268'800'007)};
  EXPECT_EQ(LocustLogLine(at, "vm", "INFO", "locust.main", "Run time limit set to 5 seconds"),
            "[2026-01-01 12:00:00,007] vm/INFO/locust.main: Run time limit set to 5 seconds\n");
}

}  // namespace
}  // namespace squall
