#include "daemon/http/url_text.h"

#include <algorithm>

#include <fmt/format.h>

namespace squall {
namespace {

constexpr size_t kLocalPathBytesMax = 2048;

int HexDigit(char c) {
  if (c >= '0' && c <= '9') {
    return c - '0';
  }
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

bool IsControlByte(char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; }

bool HasDotSegment(std::string_view path) {
  while (!path.empty()) {
    path.remove_prefix(1);  // the slash before the segment
    const std::string_view segment = path.substr(0, path.find('/'));
    if (segment == "." || segment == "..") {
      return true;
    }
    path.remove_prefix(segment.size());
  }
  return false;
}

}  // namespace

std::string DecodeUrlText(std::string_view text, PlusSign plus) {
  std::string decoded;
  decoded.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      const int high = HexDigit(text[i + 1]);
      const int low = HexDigit(text[i + 2]);
      if (high >= 0 && low >= 0) {
        decoded += static_cast<char>(high * 16 + low);
        i += 2;
        continue;
      }
    }
    decoded += text[i] == '+' && plus == PlusSign::kIsSpace ? ' ' : text[i];
  }
  return decoded;
}

std::string EncodeUrlText(std::string_view text) {
  constexpr std::string_view kPlain = "-._~/";
  std::string encoded;
  for (const char c : text) {
    const bool alphanumeric =
        (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (alphanumeric || kPlain.find(c) != kPlain.npos) {
      encoded += c;
    } else {
      encoded += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return encoded;
}

std::optional<UrlTarget> ParseUrlTarget(std::string_view target) {
  const std::string_view encoded_path = target.substr(0, target.find('?'));
  UrlTarget parsed;
  parsed.path = DecodeUrlText(encoded_path, PlusSign::kIsItself);
  if (encoded_path.size() < target.size()) {
    parsed.query = target.substr(encoded_path.size() + 1);
  }
  const std::string& path = parsed.path;
  if (path.empty() || path[0] != '/' || std::any_of(path.begin(), path.end(), IsControlByte) ||
      HasDotSegment(path)) {
    return std::nullopt;
  }
  return parsed;
}

std::string LocalPath(std::string_view wanted) {
  // "//host" and "/\host" are other servers to a browser, and it drops control characters first.
  const bool local = wanted.size() <= kLocalPathBytesMax && wanted.starts_with('/') &&
                     !wanted.starts_with("//") && wanted.find('\\') == wanted.npos &&
                     std::none_of(wanted.begin(), wanted.end(), IsControlByte);
  return local ? std::string(wanted) : "/";
}

}  // namespace squall
