#include "daemon/plan/utf8.h"

namespace squall {

size_t Utf8Length(std::string_view text) {
  const auto byte = [text](size_t index) -> unsigned {
    return index < text.size() ? static_cast<unsigned char>(text[index]) : 0;
  };
  const auto tail = [&byte](size_t index) { return (byte(index) & 0xC0) == 0x80; };
  const unsigned lead = byte(0);
  if (lead < 0x80) {
    return text.empty() ? 0 : 1;
  }
  if (lead >= 0xC2 && lead <= 0xDF) {
    return tail(1) ? 2 : 0;
  }
  if (lead >= 0xE0 && lead <= 0xEF) {
    const bool overlong = lead == 0xE0 && byte(1) < 0xA0;
    const bool surrogate = lead == 0xED && byte(1) > 0x9F;
    return tail(1) && tail(2) && !overlong && !surrogate ? 3 : 0;
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    const bool overlong = lead == 0xF0 && byte(1) < 0x90;
    const bool beyond = lead == 0xF4 && byte(1) > 0x8F;
    return tail(1) && tail(2) && tail(3) && !overlong && !beyond ? 4 : 0;
  }
  return 0;
}

void AppendPrintable(std::string_view text, size_t bytes_max, std::string* out) {
  size_t at = 0;
  while (at < text.size()) {
    const size_t length = Utf8Length(text.substr(at));
    const size_t shown = length == 0 ? 1 : length;
    if (at + shown > bytes_max) {
      out->append("…");
      return;
    }
    const auto byte = static_cast<unsigned char>(text[at]);
    if (length == 0) {
      out->append("\xEF\xBF\xBD");
    } else if (byte < 0x20 || byte == 0x7F) {
      out->push_back(' ');
    } else {
      out->append(text.substr(at, length));
    }
    at += shown;
  }
}

}  // namespace squall
