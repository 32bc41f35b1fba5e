#include "daemon/protocol/http/inflate.h"

#include <algorithm>
#include <array>

#include <zlib.h>

namespace squall {

bool Inflate(std::string_view compressed, size_t size_max, std::string* out) {
  out->clear();
  z_stream stream{};
  constexpr int kGzipOrZlib = 15 + 32;  // zlib.h: window bits + automatic header detection
  if (inflateInit2(&stream, kGzipOrZlib) != Z_OK) {
    return false;
  }
  // zlib's interface is not const-correct; it does not write to the input.
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(compressed.data()));
  stream.avail_in = static_cast<uInt>(compressed.size());
  std::array<char, 16384> chunk;
  int result = Z_OK;
  while (result == Z_OK && out->size() <= size_max) {
    stream.next_out = reinterpret_cast<Bytef*>(chunk.data());
    stream.avail_out = chunk.size();
    result = inflate(&stream, Z_NO_FLUSH);
    out->append(chunk.data(), chunk.size() - stream.avail_out);
    if (result == Z_OK && stream.avail_in == 0 && stream.avail_out != 0) {
      break;  // cut short
    }
  }
  inflateEnd(&stream);
  return result == Z_STREAM_END && out->size() <= size_max;
}

}  // namespace squall
