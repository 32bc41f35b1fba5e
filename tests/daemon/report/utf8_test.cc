#include "daemon/report/utf8.h"

#include <string>

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

}  // namespace
}  // namespace squall
