// protobuf's strings must be UTF-8, or the receiver refuses the whole message; what a target sends
// need not be. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

namespace squall {

// No stray or missing continuation bytes, overlong forms, surrogates or values above U+10FFFF.
bool IsUtf8(std::string_view text);

// The text itself when it is UTF-8; otherwise each offending byte becomes U+FFFD.
std::string ToUtf8(std::string_view text);

}  // namespace squall
