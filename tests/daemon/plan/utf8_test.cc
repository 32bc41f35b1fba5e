#include "daemon/plan/utf8.h"

#include <gtest/gtest.h>

namespace squall {
namespace {

TEST(Utf8LengthTest, MeasuresTheFirstSequenceOrRefusesIt) {
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

TEST(AppendPrintableTest, MakesOneLineOfAnything) {
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

}  // namespace
}  // namespace squall
