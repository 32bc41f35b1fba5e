// Decompression of reply bodies, only for steps that read them.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace squall {

// gzip or zlib ("deflate") data. False for bad data or when the result would exceed `size_max`.
bool Inflate(std::string_view compressed, size_t size_max, std::string* out);

}  // namespace squall
