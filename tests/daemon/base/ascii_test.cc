#include "daemon/base/ascii.h"

#include <gtest/gtest.h>

namespace squall {
namespace {

TEST(AsciiTest, LowerCaseIsForLettersAlone) {
  EXPECT_EQ(LowerCase("Content-TYPE [\xC4]"), "content-type [\xC4]");
  EXPECT_EQ(LowerCase(""), "");
}

TEST(AsciiTest, CaseOfLettersIsIgnored) {
  EXPECT_TRUE(EqualsIgnoringCase("", ""));
  EXPECT_TRUE(EqualsIgnoringCase("Content-Length", "content-LENGTH"));
  EXPECT_FALSE(EqualsIgnoringCase("Content", "Content-"));
  EXPECT_FALSE(EqualsIgnoringCase("a[", "A{"));  // 32 apart, but no letters
}

TEST(AsciiTest, TrimTakesBlanksOffBothEnds) {
  EXPECT_EQ(Trim(" \t a b\t"), "a b");
  EXPECT_EQ(Trim(" \t"), "");
  EXPECT_EQ(Trim(""), "");
  EXPECT_EQ(Trim("\n"), "\n");
}

}  // namespace
}  // namespace squall
