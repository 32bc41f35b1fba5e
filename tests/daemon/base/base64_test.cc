#include "daemon/base/base64.h"

#include <string>

#include <gtest/gtest.h>

namespace squall {
namespace {

TEST(Base64Test, EncodesTheVectorsOfTheStandard) {
  EXPECT_EQ(EncodeBase64(""), "");
  EXPECT_EQ(EncodeBase64("f"), "Zg==");
  EXPECT_EQ(EncodeBase64("fo"), "Zm8=");
  EXPECT_EQ(EncodeBase64("foo"), "Zm9v");
  EXPECT_EQ(EncodeBase64("foob"), "Zm9vYg==");
  EXPECT_EQ(EncodeBase64("\xFF\xFE"), "//4=");
}

TEST(Base64Test, DecodesWhatItEncodes) {
  std::string bytes;
  for (int i = 0; i < 300; ++i) {
    bytes += static_cast<char>(i * 7);
    EXPECT_EQ(DecodeBase64(EncodeBase64(bytes)), bytes) << i;
  }
}

TEST(Base64Test, SkipsLineBreaksAndForgivesMissingPadding) {
  EXPECT_EQ(DecodeBase64("Zm9v\nYmFy\r\n"), "foobar");
  EXPECT_EQ(DecodeBase64("Zm8"), "fo");
  EXPECT_EQ(DecodeBase64(""), "");
}

TEST(Base64Test, RefusesWhatIsNotBase64) {
  EXPECT_FALSE(DecodeBase64("Zm9v!"));
  EXPECT_FALSE(DecodeBase64("Z"));
  EXPECT_FALSE(DecodeBase64("Zg==Zg=="));
  EXPECT_FALSE(DecodeBase64("-_-_"));
}

}  // namespace
}  // namespace squall
