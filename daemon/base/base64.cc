#include "daemon/base/base64.h"

#include <cstddef>
#include <cstdint>

namespace squall {
namespace {

constexpr std::string_view kDigits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

}  // namespace

std::string EncodeBase64(std::string_view bytes) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (size_t i = 0; i < bytes.size(); i += 3) {
    const size_t count = bytes.size() - i < 3 ? bytes.size() - i : 3;
    uint32_t group = 0;
    for (size_t k = 0; k < 3; ++k) {
      group = group << 8 | (k < count ? static_cast<uint8_t>(bytes[i + k]) : 0);
    }
    for (size_t k = 0; k < 4; ++k) {
      text += k <= count ? kDigits[group >> (18 - 6 * k) & 63] : '=';
    }
  }
  return text;
}

std::optional<std::string> DecodeBase64(std::string_view text) {
  std::string bytes;
  bytes.reserve(text.size() / 4 * 3);
  uint32_t group = 0;
  size_t digits = 0;
  bool padded = false;
  for (const char c : text) {
    if (c == ' ' || c == '\n' || c == '\r' || c == '\t') {
      continue;
    }
    if (c == '=') {
      padded = true;
      continue;
    }
    const size_t value = kDigits.find(c);
    if (padded || value == std::string_view::npos) {
      return std::nullopt;
    }
    group = group << 6 | static_cast<uint32_t>(value);
    ++digits;
    if (digits % 4 != 1) {
      // The second, third and fourth digit of a group each complete a byte.
      const size_t spare_bits = 6 - 2 * (digits % 4 == 0 ? 3 : digits % 4 - 1);
      bytes += static_cast<char>(group >> spare_bits & 0xFF);
    }
  }
  if (digits % 4 == 1) {
    return std::nullopt;
  }
  return bytes;
}

}  // namespace squall
