#include "daemon/base/units.h"

#include <limits>

#include <gtest/gtest.h>

namespace squall {
namespace {

TEST(ParseTimeSpanTest, ReadsWhatLocustReads) {
  const std::pair<const char*, int> rows[] = {{"20", 20},     {"20s", 20},         {"3m", 180},
                                              {"2h", 7200},   {"1h20m", 4800},     {"0", 0},
                                              {"10h", 36000}, {"3h30m10s", 12610}, {"1m1s", 61}};
  for (const auto& [text, seconds] : rows) {
    ASSERT_TRUE(ParseTimeSpan(text).ok()) << text;
    EXPECT_EQ(*ParseTimeSpan(text), std::chrono::seconds(seconds)) << text;
  }
}

TEST(ParseTimeSpanTest, ReadsFractionsAndMilliseconds) {
  EXPECT_EQ(*ParseTimeSpan("1.5h"), std::chrono::minutes(90));
  EXPECT_EQ(*ParseTimeSpan("250ms"), std::chrono::milliseconds(250));
  EXPECT_EQ(*ParseTimeSpan("1s500ms"), std::chrono::milliseconds(1500));
}

TEST(ParseTimeSpanTest, RefusesTheRest) {
  for (const char* text : {"", "2x", "1s1m", "10 s", "s", "-5", "1m1m", "5s5", "1e3", "nan", "..",
                           "99999999999h", "5 "}) {
    EXPECT_FALSE(ParseTimeSpan(text).ok()) << text;
  }
}

TEST(FormatTimeSpanTest, ReadsBack) {
  for (const char* text : {"0s", "250ms", "1s", "1m30s", "1h", "2h3m4s5ms"}) {
    EXPECT_EQ(FormatTimeSpan(*ParseTimeSpan(text)), text);
  }
}

TEST(ParseByteSizeTest, ReadsDecimalAndBinaryUnits) {
  EXPECT_EQ(*ParseByteSize("512"), 512);
  EXPECT_EQ(*ParseByteSize("64KiB"), 65536);
  EXPECT_EQ(*ParseByteSize("1.5MB"), 1500000);
  for (const char* text : {"", "KiB", "-1", "5 KB", "5kb", "99999999999999GB"}) {
    EXPECT_FALSE(ParseByteSize(text).ok()) << text;
  }
}

TEST(FromSecondsTest, SaturatesInsteadOfOverflowing) {
  EXPECT_EQ(FromSeconds(1e300), Nanos::max());
  EXPECT_EQ(FromSeconds(-1e300), Nanos::min());
  EXPECT_EQ(FromSeconds(std::numeric_limits<double>::quiet_NaN()), Nanos(0));
  EXPECT_EQ(FromSeconds(0.0000015), Nanos(1500));
}

}  // namespace
}  // namespace squall
