#include "daemon/plan/scalar.h"

#include <cstdint>
#include <limits>

#include <gtest/gtest.h>

namespace squall {
namespace {

TEST(ScalarTest, WholeNumbersAreDecimalAndPlain) {
  EXPECT_EQ(ScalarToWhole("0"), 0);
  EXPECT_EQ(ScalarToWhole("-7"), -7);
  EXPECT_EQ(ScalarToWhole("9223372036854775807"), std::numeric_limits<int64_t>::max());
  for (const char* text : {"", "-", "010", "-01", "+5", "0x10", "0o17", "1_000", "1.0", "1e3", " 1",
                           "1 ", "9223372036854775808", "ten", "1,000", "1:30"}) {
    EXPECT_FALSE(ScalarToWhole(text).has_value()) << text;
  }
}

TEST(ScalarTest, NumbersAreFiniteAndInJsonsGrammar) {
  EXPECT_EQ(ScalarToNumber("0.5"), 0.5);
  EXPECT_EQ(ScalarToNumber("-1e3"), -1000);
  EXPECT_EQ(ScalarToNumber("12"), 12);
  for (const char* text : {"", ".5", "5.", "NaN", ".nan", ".inf", "inf", "-.inf", "1e999", "0x1p3",
                           "1e", "01.5", "+1.5", "1.5s"}) {
    EXPECT_FALSE(ScalarToNumber(text).has_value()) << text;
  }
}

TEST(ScalarTest, OnlyTrueAndFalseAreTruths) {
  EXPECT_EQ(ScalarToTruth("true"), true);
  EXPECT_EQ(ScalarToTruth("false"), false);
  for (const char* text : {"yes", "no", "on", "off", "True", "TRUE", "y", "1", ""}) {
    EXPECT_FALSE(ScalarToTruth(text).has_value()) << text;
  }
}

TEST(ScalarTest, DataKeepsWhatItsTextSays) {
  EXPECT_EQ(ScalarToValue("5"), Value(int64_t{5}));
  EXPECT_EQ(ScalarToValue("5.5"), Value(5.5));
  EXPECT_EQ(ScalarToValue("true"), Value(true));
  EXPECT_EQ(ScalarToValue("yes"), Value("yes"));
  EXPECT_EQ(ScalarToValue("007"), Value("007"));
  EXPECT_EQ(ScalarToValue(".inf"), Value(".inf"));
}

TEST(ScalarTest, DataThatWouldLoseDigitsIsNothing) {
  EXPECT_FALSE(ScalarToValue("12345678901234567890").has_value());
  EXPECT_FALSE(ScalarToValue("1e999").has_value());
}

}  // namespace
}  // namespace squall
