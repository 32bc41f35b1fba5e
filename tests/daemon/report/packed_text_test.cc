#include "daemon/report/packed_text.h"

#include <cstdint>
#include <string>

#include <gtest/gtest.h>

#include "tests/daemon/report/unpacked.h"

namespace squall {
namespace {

TEST(PackedTextTest, Base64IsThatOfTheStandard) {
  EXPECT_EQ(InBase64(""), "");
  EXPECT_EQ(InBase64("f"), "Zg==");
  EXPECT_EQ(InBase64("fo"), "Zm8=");
  EXPECT_EQ(InBase64("foo"), "Zm9v");
  EXPECT_EQ(InBase64("foobar"), "Zm9vYmFy");
  EXPECT_EQ(InBase64("\xff\xfe\xfd"), "//79");
}

TEST(PackedTextTest, ComesBackAsItWas) {
  std::string text;
  for (uint64_t i = 0; i < 100'000; ++i) {
    text += static_cast<char>(i * i % 251);
  }
  EXPECT_EQ(Unpacked(InBase64(Gzipped(text))), text);
  EXPECT_EQ(Unpacked(InBase64(Gzipped(""))), "");
}

TEST(PackedTextTest, TheSameTextGivesTheSameBytes) {
  EXPECT_EQ(Gzipped("one view"), Gzipped("one view"));
}

}  // namespace
}  // namespace squall
