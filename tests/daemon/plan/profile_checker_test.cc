#include "daemon/plan/profile_checker.h"

#include <gtest/gtest.h>

namespace squall {
namespace {

TEST(ProfileCheckerTest, TheFirstComplaintIsKept) {
  ProfileChecker check;
  check.Users("users", 5);
  EXPECT_TRUE(check.ok());
  check.SetPrefix("stages[3].");
  check.Positive("duration", std::chrono::milliseconds(-1500));
  check.SpawnRate("spawn_rate", -1);
  EXPECT_EQ(check.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(check.status().message(), "stages[3].duration must be above 0, got -1.5s");
}

TEST(ProfileCheckerTest, TheSmallestSpanHasAText) {
  EXPECT_EQ(SecondsText(Nanos::min()), "-9223372036.854776s");
  EXPECT_EQ(SecondsText(Nanos(0)), "0s");
}

}  // namespace
}  // namespace squall
