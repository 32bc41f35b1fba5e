// gzip (RFC 1952), without a name or a time: the same text gives the same bytes. Pure; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace squall {

enum class GzipEffort : uint8_t {
  kFast,  // a table of 10 000 rows takes a quarter of kUsual's time, and is a tenth larger
  kUsual,
  kBest,
};

std::string Gzip(std::string_view text, GzipEffort effort);

}  // namespace squall
