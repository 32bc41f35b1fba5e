#include "daemon/protocol/http/inflate.h"

#include <string>

#include <gtest/gtest.h>
#include <zlib.h>

namespace squall {
namespace {

enum class Wrapper { kGzip = 15 + 16, kZlib = 15 };

std::string Deflate(std::string_view text, Wrapper wrapper) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, static_cast<int>(wrapper), 8,
                         Z_DEFAULT_STRATEGY),
            Z_OK);
  std::string packed(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

// Text that does not compress to nothing.
std::string Mixed(size_t size) {
  std::string text;
  for (uint32_t x = 1; text.size() < size; x = x * 1664525 + 1013904223) {
    text.push_back(static_cast<char>(x >> 24));
  }
  return text;
}

TEST(InflateTest, ReadsGzipAndZlib) {
  for (const Wrapper wrapper : {Wrapper::kGzip, Wrapper::kZlib}) {
    for (const size_t size : {0U, 1U, 16383U, 16384U, 16385U, 200'000U}) {
      const std::string text = Mixed(size);
      std::string out = "left over";
      EXPECT_TRUE(Inflate(Deflate(text, wrapper), 1 << 20, &out)) << size;
      EXPECT_EQ(out, text);
    }
  }
}

TEST(InflateTest, RefusesWhatWasCutShortAnywhere) {
  const std::string packed = Deflate("squall squall squall", Wrapper::kGzip);
  std::string out;
  for (size_t size = 0; size < packed.size(); ++size) {
    EXPECT_FALSE(Inflate(std::string_view(packed).substr(0, size), 1000, &out)) << size;
  }
}

TEST(InflateTest, RefusesBadData) {
  std::string out;
  EXPECT_FALSE(Inflate("this is not compressed", 1000, &out));
  std::string packed = Deflate(Mixed(1000), Wrapper::kGzip);
  packed[packed.size() - 6] ^= 1;  // the check sum
  EXPECT_FALSE(Inflate(packed, 10'000, &out));
}

TEST(InflateTest, ABombStopsAtTheLimit) {
  const std::string bomb = Deflate(std::string(8 << 20, '\0'), Wrapper::kGzip);
  ASSERT_LT(bomb.size(), 100'000U);
  std::string out;
  EXPECT_FALSE(Inflate(bomb, 100'000, &out));
  EXPECT_LT(out.capacity(), 1U << 20);
}

TEST(InflateTest, TheLimitItselfIsAllowed) {
  const std::string packed = Deflate(std::string(50'000, 'a'), Wrapper::kZlib);
  std::string out;
  EXPECT_TRUE(Inflate(packed, 50'000, &out));
  EXPECT_FALSE(Inflate(packed, 49'999, &out));
}

}  // namespace
}  // namespace squall
