#include "daemon/base/gzip.h"

#include <zlib.h>

#include "daemon/base/check.h"

namespace squall {
namespace {

constexpr int kGzipWindow = 15 + 16;  // 16 asks zlib for the gzip wrapper
constexpr int kMemoryLevelMax = 9;

int LevelOf(GzipEffort effort) {
  switch (effort) {
    case GzipEffort::kFast:
      return 3;
    case GzipEffort::kUsual:
      return 6;
    case GzipEffort::kBest:
      return 9;
  }
  return Z_DEFAULT_COMPRESSION;
}

}  // namespace

std::string Gzip(std::string_view text, GzipEffort effort) {
  z_stream stream{};
  SQUALL_CHECK(deflateInit2(&stream, LevelOf(effort), Z_DEFLATED, kGzipWindow, kMemoryLevelMax,
                            Z_DEFAULT_STRATEGY) == Z_OK);
  std::string packed(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  SQUALL_CHECK(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

}  // namespace squall
