#include "daemon/plan/yaml_text.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include <fmt/format.h>

#include "daemon/plan/yaml_document.h"

namespace squall {
namespace {

// Far above kYamlDepthMax, since this count does not understand quotes and comments.
constexpr size_t kOpenBracketsMax = 10'000;

// The length of the UTF-8 sequence at the start of `text`; 0 when there is none.
size_t Utf8Length(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const auto continues = [&](size_t i) { return i < text.size() && (byte(i) & 0xC0) == 0x80; };
  const uint8_t first = byte(0);
  if (first < 0x80) {
    return 1;
  }
  if (first >= 0xC2 && first <= 0xDF) {
    return continues(1) ? 2 : 0;
  }
  if (first >= 0xE0 && first <= 0xEF) {
    const bool overlong = first == 0xE0 && text.size() > 1 && byte(1) < 0xA0;
    const bool surrogate = first == 0xED && text.size() > 1 && byte(1) > 0x9F;
    return continues(1) && continues(2) && !overlong && !surrogate ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    const bool overlong = first == 0xF0 && text.size() > 1 && byte(1) < 0x90;
    const bool too_large = first == 0xF4 && text.size() > 1 && byte(1) > 0x8F;
    return continues(1) && continues(2) && continues(3) && !overlong && !too_large ? 4 : 0;
  }
  return 0;
}

bool IsForbiddenControl(char c) {
  const auto byte = static_cast<uint8_t>(c);
  return (byte < 0x20 && c != '\t' && c != '\n' && c != '\r') || byte == 0x7F;
}

// A bracket opens a list or map only where a value may start.
bool MayOpen(char before) {
  return before == ' ' || before == '\t' || before == '\n' || before == '\r' ||
         std::string_view("-:?[{,").find(before) != std::string_view::npos;
}

}  // namespace

std::optional<TextFault> FindTextFault(std::string_view text) {
  if (text.size() > kYamlBytesMax) {
    return TextFault{1, 1,
                     fmt::format("must not be longer than {} MiB, got {} bytes",
                                 kYamlBytesMax >> 20, text.size())};
  }
  int line = 1;
  int column = 1;
  size_t open = 0;
  char before = '\n';
  for (size_t i = 0; i < text.size();) {
    const size_t length = Utf8Length(text.substr(i));
    const char c = text[i];
    if (length == 0 || IsForbiddenControl(c)) {
      return TextFault{line, column,
                       fmt::format("must be UTF-8 text without control characters, got byte "
                                   "0x{:02x}",
                                   static_cast<uint8_t>(c))};
    }
    if ((c == '[' || c == '{') && MayOpen(before) && ++open > kOpenBracketsMax) {
      return TextFault{line, column,
                       fmt::format("must not be nested deeper than {}", kYamlDepthMax)};
    }
    if ((c == ']' || c == '}') && open > 0) {
      --open;
    }
    column = c == '\n' ? 1 : column + 1;
    line += c == '\n' ? 1 : 0;
    before = c;
    i += length;
  }
  return std::nullopt;
}

std::string Shown(std::string_view text) {
  constexpr size_t kBytesMax = 60;
  std::string shown;
  size_t used = 0;
  while (used < text.size()) {
    const size_t length = std::max<size_t>(1, Utf8Length(text.substr(used)));
    if (shown.size() + length > kBytesMax) {
      return shown + "…";
    }
    const char c = text[used];
    if (c == '\n' || c == '\r' || c == '\t' || IsForbiddenControl(c)) {
      shown += ' ';
    } else {
      shown += text.substr(used, length);
    }
    used += length;
  }
  return shown;
}

}  // namespace squall
