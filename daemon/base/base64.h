// base64 of RFC 4648 (section 4): with padding, without line breaks. Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace squall {

std::string EncodeBase64(std::string_view bytes);
// White space is skipped, padding may be missing; nullopt for anything else that is not base64.
std::optional<std::string> DecodeBase64(std::string_view text);

}  // namespace squall
