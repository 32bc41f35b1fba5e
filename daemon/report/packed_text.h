// Text made small, and then into letters that mean nothing in any markup. Pure functions.
#pragma once

#include <string>
#include <string_view>

namespace squall {

// gzip, without a name or a time: the same text gives the same bytes.
std::string Gzipped(std::string_view text);

// With padding, without line breaks.
std::string InBase64(std::string_view bytes);

}  // namespace squall
