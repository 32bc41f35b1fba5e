#include "daemon/base/utf8.h"

#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include <gtest/gtest.h>

namespace squall {
namespace {

TEST(Utf8Test, EveryCharacterReadsBackAsItself) {
  for (char32_t character = 0; character <= 0x10FFFF; character += 7) {
    if (character >= 0xD800 && character <= 0xDFFF) {
      continue;
    }
    std::string text;
    AppendUtf8(character, &text);
    std::string_view rest = text;
    ASSERT_EQ(TakeCharacter(&rest), character);
    ASSERT_TRUE(rest.empty());
  }
}

TEST(Utf8Test, WhatIsNotUtf8CostsOneByteEach) {
  struct {
    const char* what;
    std::string_view bytes;
  } const kCases[] = {{"a lone follower", "\x80"},
                      {"an overlong slash", "\xc0\xaf"},
                      {"an overlong three-byte form", "\xe0\x80\xaf"},
                      {"a surrogate", "\xed\xa0\x80"},
                      {"a value above U+10FFFF", "\xf4\x90\x80\x80"},
                      {"a sequence that ends too early", "\xe2\x82"},
                      {"a byte that leads nothing", "\xff"}};
  for (const auto& example : kCases) {
    std::string_view rest = example.bytes;
    EXPECT_EQ(TakeCharacter(&rest), kReplacementCharacter) << example.what;
    EXPECT_EQ(rest.size(), example.bytes.size() - 1) << example.what;
  }
}

TEST(Utf8Test, PrefixCutsNoCharacterInTwo) {
  EXPECT_EQ(Utf8Prefix("a🛒b", 4), "a");
  EXPECT_EQ(Utf8Prefix("a🛒b", 5), "a🛒");
  EXPECT_EQ(Utf8Prefix("abc", 9), "abc");
  EXPECT_EQ(Utf8Prefix("\x80\x80\x80\x80\x80\x80", 4).size(), 1u);
}

TEST(Utf8Test, ColumnsOfCombiningAndWideCharacters) {
  EXPECT_EQ(ColumnsOf('a'), 1u);
  EXPECT_EQ(ColumnsOf(0x0301), 0u);
  EXPECT_EQ(ColumnsOf(U'商'), 2u);
  EXPECT_EQ(ColumnsOf(U'🛒'), 2u);
}

TEST(Utf8Test, LengthMeasuresTheFirstSequenceOrRefusesIt) {
  const std::pair<std::string_view, size_t> rows[] = {
      {"", 0},
      {"a", 1},
      {std::string_view("\0", 1), 1},
      {"\xC3\xA9", 2},
      {"\xE2\x82\xAC", 3},
      {"\xF0\x9F\x98\x80", 4},
      {"\xEF\xBF\xBF", 3},
      {"\xF4\x8F\xBF\xBF", 4},
      {"\x80", 0},              // a tail without a lead
      {"\xFF", 0},              // never a UTF-8 byte
      {"\xC3", 0},              // cut short
      {"\xE2\x82", 0},          // cut short
      {"\xC0\xAF", 0},          // overlong
      {"\xE0\x9F\xBF", 0},      // overlong
      {"\xF0\x8F\xBF\xBF", 0},  // overlong
      {"\xED\xA0\x80", 0},      // surrogate
      {"\xF4\x90\x80\x80", 0},  // beyond U+10FFFF
      {"\xC3z", 0},             // not a tail
  };
  for (const auto& [text, length] : rows) {
    EXPECT_EQ(Utf8Length(text), length) << ::testing::PrintToString(text);
  }
}

TEST(Utf8Test, PrintableMakesOneLineOfAnything) {
  const std::tuple<std::string_view, size_t, const char*> rows[] = {
      {"plain", 64, "plain"},           {"exact", 5, "exact"},
      {"longer", 5, "longe…"},          {"", 0, ""},
      {"a\r\nb\tc\x7F", 64, "a  b c "}, {"a\xFFz", 64, "a\xEF\xBF\xBDz"},
      {"ab\xC3\xA9", 3, "ab…"},  // never cuts inside a character
      {"ab\xC3\xA9", 4, "ab\xC3\xA9"},
  };
  for (const auto& [text, bytes_max, shown] : rows) {
    std::string out;
    AppendPrintable(text, bytes_max, &out);
    EXPECT_EQ(out, shown);
  }
}

TEST(Utf8Test, GoodTextStaysAsItIs) {
  for (const char* text : {"", "plain", "Grüße, 世界 🦀", "\x01\x7F"}) {
    EXPECT_TRUE(IsUtf8(text));
    EXPECT_EQ(ToUtf8(text), text);
  }
}

TEST(Utf8Test, EachWrongByteBecomesOneReplacement) {
  const std::pair<const char*, const char*> rows[] = {
      {"M\xFCller", "M\uFFFDller"},  // Latin-1
      {"eight of ASCII, M\xFCller", "eight of ASCII, M\uFFFDller"},
      {"12345678\xFC", "12345678\uFFFD"},
      {"1234567\xFC", "1234567\uFFFD"},
      {"\xC0\xAF", "\uFFFD\uFFFD"},                      // overlong slash
      {"\xED\xA0\x80", "\uFFFD\uFFFD\uFFFD"},            // surrogate
      {"ab\xE4\xB8", "ab\uFFFD\uFFFD"},                  // cut off
      {"\x80ok", "\uFFFDok"},                            // continuation without a start
      {"\xF5\x80\x80\x80", "\uFFFD\uFFFD\uFFFD\uFFFD"},  // above U+10FFFF
  };
  for (const auto& [text, clean] : rows) {
    EXPECT_FALSE(IsUtf8(text));
    EXPECT_EQ(ToUtf8(text), clean);
    EXPECT_TRUE(IsUtf8(ToUtf8(text)));
  }
}

}  // namespace
}  // namespace squall
