#include "daemon/base/gzip.h"

#include <string>

#include <gtest/gtest.h>
#include <zlib.h>

namespace squall {
namespace {

std::string Unpack(const std::string& packed) {
  z_stream stream{};
  EXPECT_EQ(inflateInit2(&stream, 15 + 16), Z_OK);
  std::string text(1 << 20, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.next_out = reinterpret_cast<Bytef*>(text.data());
  stream.avail_out = static_cast<uInt>(text.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  text.resize(stream.total_out);
  inflateEnd(&stream);
  return text;
}

TEST(GzipTest, UnpacksToWhatItWas) {
  std::string noise;
  for (uint32_t i = 0, x = 1; i < 100'000; ++i, x = x * 1664525 + 1013904223) {
    noise += static_cast<char>(x >> 24);
  }
  for (const std::string& text :
       {std::string(), std::string("a"), std::string(500'000, 'x'), noise}) {
    for (const GzipEffort effort : {GzipEffort::kFast, GzipEffort::kUsual, GzipEffort::kBest}) {
      EXPECT_EQ(Unpack(Gzip(text, effort)), text);
    }
  }
  EXPECT_LT(Gzip(std::string(500'000, 'x'), GzipEffort::kFast).size(), 5000U);
}

TEST(GzipTest, TheSameTextGivesTheSameBytes) {
  EXPECT_EQ(Gzip("one view", GzipEffort::kUsual), Gzip("one view", GzipEffort::kUsual));
}

}  // namespace
}  // namespace squall
