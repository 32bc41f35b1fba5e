#include "daemon/report/view_number.h"

#include <limits>

#include <gtest/gtest.h>

namespace squall {
namespace {

std::string Of(double value, int digits = 6) {
  return std::string(ViewNumber::Of(value, digits).text());
}
std::string Millis(Nanos time, int digits = 6) {
  return std::string(ViewNumber::Millis(time, digits).text());
}

TEST(ViewNumberTest, HasSixDigitsAndNoZerosBehindThem) {
  EXPECT_EQ(Of(0), "0");
  EXPECT_EQ(Of(1), "1");
  EXPECT_EQ(Of(0.5), "0.5");
  EXPECT_EQ(Of(1.0 / 3), "0.33333");
  EXPECT_EQ(Of(123.456789), "123.457");
  EXPECT_EQ(Of(1'234'567.8), "1234568");
  EXPECT_EQ(Of(100), "100");
  EXPECT_EQ(Of(-2.50), "-2.5");
}

TEST(ViewNumberTest, ASmallRateIsNotZero) { EXPECT_EQ(Of(1.0 / 3600), "0.00027778"); }

TEST(ViewNumberTest, WhatIsNoNumberIsZero) {
  EXPECT_EQ(Of(std::numeric_limits<double>::quiet_NaN()), "0");
  EXPECT_EQ(Of(std::numeric_limits<double>::infinity()), "0");
  EXPECT_EQ(Of(1e300), "9000000000000000000");
}

TEST(ViewNumberTest, TimesAreMillisecondsToTheMicrosecond) {
  EXPECT_EQ(Millis(Nanos(0)), "0");
  EXPECT_EQ(Millis(Nanos(421'000)), "0.421");
  EXPECT_EQ(Millis(Nanos(421'499)), "0.421");
  EXPECT_EQ(Millis(std::chrono::milliseconds(25)), "25");
  EXPECT_EQ(Millis(Nanos(148'200'700)), "148.201");
  EXPECT_EQ(Millis(Nanos(1'234'567'890)), "1234.57");
  EXPECT_EQ(Millis(std::chrono::hours(1)), "3600000");
  EXPECT_EQ(Millis(Nanos(148'260'700), 4), "148.3");
}

TEST(ViewNumberTest, SecondsHaveMilliseconds) {
  EXPECT_EQ(ViewNumber::Seconds(std::chrono::milliseconds(86'399'001)).text(), "86399.001");
  EXPECT_EQ(ViewNumber::Seconds(std::chrono::seconds(5)).text(), "5");
}

}  // namespace
}  // namespace squall
