#include "daemon/telemetry/metric_families.h"

#include <string>

#include <gtest/gtest.h>

namespace squall {
namespace {

TEST(MetricFamiliesTest, AValueGoesWhereItsTypeHasIt) {
  EXPECT_EQ(Counter("c_total", "Counts", 3).metric.front().counter.value, 3);
  EXPECT_EQ(Gauge("g", "Shows", 4).metric.front().gauge.value, 4);
}

TEST(MetricFamiliesTest, LabelValuesAreCutAndPrintable) {
  EXPECT_EQ(LabelValue("a\nb", 10), "a b");
  EXPECT_EQ(LabelValue(std::string(100, 'x'), 10), std::string(10, 'x') + "…");
}

TEST(MetricFamiliesTest, ALabelForAllComesFirst) {
  MetricFamilies families = {Gauge("g", "Shows", 1)};
  families[0].metric[0].label = {{"b", "2"}};
  AddLabel("a", "1", &families);
  ASSERT_EQ(families[0].metric[0].label.size(), 2U);
  EXPECT_EQ(families[0].metric[0].label[0].name, "a");
  AddLabel("c", "", &families);
  EXPECT_EQ(families[0].metric[0].label.size(), 2U) << "an empty label is none";
}

TEST(MetricFamiliesTest, EveryProcessTellsItsBuildAndItsUsage) {
  MetricFamilies families;
  AddBuild("1.2.3", &families);
  AddProcess({3.25, 1 << 20, 17, 1024}, WallTime(std::chrono::seconds(1'700'000'000)), &families);
  ASSERT_EQ(families.size(), 6U);
  EXPECT_EQ(families.front().name, "squall_build_info");
  EXPECT_EQ(families.back().metric[0].gauge.value, 1'700'000'000);
}

}  // namespace
}  // namespace squall
