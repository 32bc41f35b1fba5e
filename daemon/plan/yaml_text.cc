#include "daemon/plan/yaml_text.h"

#include <cstdint>

#include <fmt/format.h>

#include "daemon/base/utf8.h"
#include "daemon/plan/yaml_document.h"

namespace squall {
namespace {

bool IsForbiddenControl(char c) {
  const auto byte = static_cast<uint8_t>(c);
  return (byte < 0x20 && c != '\t' && c != '\n' && c != '\r') || byte == 0x7F;
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
  for (size_t i = 0; i < text.size();) {
    const size_t length = Utf8Length(text.substr(i));
    const char c = text[i];
    if (length == 0 || IsForbiddenControl(c)) {
      return TextFault{line, column,
                       fmt::format("must be UTF-8 text without control characters, got byte "
                                   "0x{:02x}",
                                   static_cast<uint8_t>(c))};
    }
    column = c == '\n' ? 1 : column + 1;
    line += c == '\n' ? 1 : 0;
    i += length;
  }
  return std::nullopt;
}

std::string Shown(std::string_view text) {
  constexpr size_t kBytesMax = 60;
  std::string shown;
  AppendPrintable(text, kBytesMax, &shown);
  return shown;
}

}  // namespace squall
