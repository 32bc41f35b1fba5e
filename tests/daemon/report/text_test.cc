#include "daemon/report/text.h"

#include <gtest/gtest.h>

namespace squall {
namespace {

TEST(TextTest, ControlCharactersAreWrittenOut) {
  EXPECT_EQ(Printable("a\nb\tc\r"), "a\\nb\\tc\\r");
  EXPECT_EQ(Printable("\x1b[2J\x07"), "\\x1b[2J\\x07");
  EXPECT_EQ(Printable(std::string_view("\0", 1)), "\\x00");
  EXPECT_EQ(Printable("\xc2\x9b"), "\\x9b");
}

TEST(TextTest, MarksThatReorderOrHideTextAreWrittenOut) {
  EXPECT_EQ(Printable("pay\u202Eexe.gpj"), "pay\\u202eexe.gpj");
  EXPECT_EQ(Printable("a\u200Bb"), "a\\u200bb");
}

TEST(TextTest, InvalidUtf8IsReplacedByteByByte) {
  EXPECT_EQ(Printable("\xff\xfe"), "\uFFFD\uFFFD");
  EXPECT_EQ(ValidUtf8("a\xc3"), "a\uFFFD");
  EXPECT_EQ(ValidUtf8("é商🛒"), "é商🛒");
}

TEST(TextTest, LongTextIsCutBetweenCharacters) {
  EXPECT_EQ(ValidUtf8("abcdef", 3), "abc…");
  EXPECT_EQ(ValidUtf8("aéb", 2), "a…");
  EXPECT_EQ(ValidUtf8("abc", 3), "abc");
  EXPECT_EQ(Printable(std::string(1 << 20, 'x')).size(), kTextBytesMax + 3);
}

TEST(TextTest, FittingCountsColumnsAndNotBytes) {
  EXPECT_EQ(FitColumns("é", 3), "é  ");
  EXPECT_EQ(FitColumns("商品", 5), "商品 ");
  EXPECT_EQ(FitColumns("商品を買う", 6), "商品… ");
  EXPECT_EQ(FitColumns("abcdef", 4), "abc…");
  EXPECT_EQ(FitColumns("abcd", 4), "abcd");
  EXPECT_EQ(FitColumns("abcd", 0), "");
}

TEST(TextTest, CredentialsAreTakenOutOfUrls) {
  EXPECT_EQ(WithoutCredentials("http://user:pass@host:80/a@b"), "http://host:80/a@b");
  EXPECT_EQ(WithoutCredentials("http://user:p@ss@host"), "http://host");
  EXPECT_EQ(WithoutCredentials("http://host/path?mail=a@b"), "http://host/path?mail=a@b");
  EXPECT_EQ(WithoutCredentials("user:pass@host"), "host");
  EXPECT_EQ(WithoutCredentials(""), "");
}

TEST(TextTest, TimesAreUtc) {
  const WallTime at{std::chrono::milliseconds(1'795'424'259'120)};
  EXPECT_EQ(FormatUtc(at), "2026-11-23T08:57:39Z");
  EXPECT_EQ(FormatUtcMillis(at), "2026-11-23T08:57:39.120Z");
  EXPECT_EQ(FormatUtc(WallTime{}), "");
}

TEST(TextTest, SizesHaveBinaryUnits) {
  EXPECT_EQ(FormatBytes(0), "0 B");
  EXPECT_EQ(FormatBytes(1023), "1023 B");
  EXPECT_EQ(FormatBytes(1536), "1.5 KiB");
  EXPECT_EQ(FormatBytes(200u << 20), "200 MiB");
}

TEST(TextTest, ColourIsOnlyThereWhenAskedFor) {
  EXPECT_EQ(Coloured("x", Colour::kRed, false), "x");
  EXPECT_EQ(Coloured("x", Colour::kRed, true), "\x1b[31mx\x1b[0m");
}

}  // namespace
}  // namespace squall
