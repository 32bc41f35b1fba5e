#include "tests/daemon/report/unpacked.h"

#include <cstdint>

#include <gtest/gtest.h>
#include <zlib.h>

namespace squall {
namespace {

std::string Bytes(std::string_view base64) {
  constexpr std::string_view kLetters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bytes;
  uint32_t bits = 0;
  int count = 0;
  for (const char letter : base64.substr(0, base64.find('='))) {
    const size_t value = kLetters.find(letter);
    EXPECT_NE(value, std::string_view::npos) << letter;
    bits = bits << 6 | static_cast<uint32_t>(value & 63);
    count += 6;
    if (count >= 8) {
      count -= 8;
      bytes += static_cast<char>(bits >> count);
    }
  }
  return bytes;
}

}  // namespace

std::string Unpacked(std::string_view base64) {
  std::string packed = Bytes(base64);
  z_stream stream{};
  EXPECT_EQ(inflateInit2(&stream, 15 + 16), Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_in = static_cast<uInt>(packed.size());
  std::string text;
  std::string part(1 << 16, '\0');
  int status = Z_OK;
  while (status == Z_OK) {
    stream.next_out = reinterpret_cast<Bytef*>(part.data());
    stream.avail_out = static_cast<uInt>(part.size());
    status = inflate(&stream, Z_NO_FLUSH);
    text.append(part.data(), part.size() - stream.avail_out);
  }
  EXPECT_EQ(status, Z_STREAM_END);
  inflateEnd(&stream);
  return status == Z_STREAM_END ? text : "";
}

}  // namespace squall
