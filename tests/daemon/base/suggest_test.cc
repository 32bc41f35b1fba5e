#include "daemon/base/suggest.h"

#include <gtest/gtest.h>

namespace squall {
namespace {

TEST(SuggestNearestTest, FindsTheTypo) {
  EXPECT_EQ(SuggestNearest("stagse", {"stages", "arrival"}), "stages");
  EXPECT_EQ(SuggestNearest("user", {"users", "service"}), "users");
}

TEST(SuggestNearestTest, StaysSilentWhenNothingIsNear) {
  EXPECT_EQ(SuggestNearest("banana", {"stages", "arrival"}), "");
  EXPECT_EQ(SuggestNearest("", {"stages"}), "");
  EXPECT_EQ(SuggestNearest("x", {"as"}), "");
  EXPECT_EQ(SuggestNearest(std::string(100000, 'a'), {"stages"}), "");
}

}  // namespace
}  // namespace squall
