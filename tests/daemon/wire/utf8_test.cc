#include "daemon/wire/utf8.h"

#include <gtest/gtest.h>

namespace squall {
namespace {

TEST(Utf8Test, GoodTextStaysAsItIs) {
  for (const char* text : {"", "plain", "Grüße, 世界 🦀", "\x01\x7F"}) {
    EXPECT_TRUE(IsUtf8(text));
    EXPECT_EQ(ToUtf8(text), text);
  }
}

TEST(Utf8Test, EachWrongByteBecomesOneReplacement) {
  const std::pair<const char*, const char*> rows[] = {
      {"M\xFCller", "M\uFFFDller"},                      // Latin-1
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
