#include "daemon/base/utf8.h"

#include <array>
#include <cstdint>
#include <cstring>

namespace squall {
namespace {

struct Range {
  char32_t first;
  char32_t last;
};

// The blocks that are all or nearly all wide; a full table is not worth its size here, since a
// wrong width only bends a column.
constexpr std::array<Range, 12> kWide = {{{0x1100, 0x115F},
                                          {0x2E80, 0x303E},
                                          {0x3041, 0x33FF},
                                          {0x3400, 0x4DBF},
                                          {0x4E00, 0x9FFF},
                                          {0xA000, 0xA4CF},
                                          {0xAC00, 0xD7A3},
                                          {0xF900, 0xFAFF},
                                          {0xFE30, 0xFE6F},
                                          {0xFF00, 0xFF60},
                                          {0x1F300, 0x1FAFF},
                                          {0x20000, 0x3FFFD}}};
constexpr std::array<Range, 5> kCombining = {
    {{0x0300, 0x036F}, {0x1AB0, 0x1AFF}, {0x1DC0, 0x1DFF}, {0x20D0, 0x20FF}, {0xFE00, 0xFE0F}}};
constexpr std::array<Range, 7> kHidden = {{{0x00, 0x1F},
                                           {0x7F, 0x9F},
                                           {0x061C, 0x061C},
                                           {0x200B, 0x200F},
                                           {0x2028, 0x202E},
                                           {0x2060, 0x206F},
                                           {0xFEFF, 0xFEFF}}};

template <size_t kSize>
bool IsIn(const std::array<Range, kSize>& ranges, char32_t character) {
  for (const Range& range : ranges) {
    if (character >= range.first && character <= range.last) {
      return true;
    }
  }
  return false;
}

}  // namespace

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

bool IsUtf8(std::string_view text) {
  while (!text.empty()) {
    // Most text is ASCII: eight characters at once.
    if (uint64_t word = 0; text.size() >= sizeof(word)) {
      std::memcpy(&word, text.data(), sizeof(word));
      if ((word & 0x8080808080808080) == 0) {
        text.remove_prefix(sizeof(word));
        continue;
      }
    }
    const size_t length = Utf8Length(text);
    if (length == 0) {
      return false;
    }
    text.remove_prefix(length);
  }
  return true;
}

std::string ToUtf8(std::string_view text) {
  if (IsUtf8(text)) {
    return std::string(text);
  }
  std::string clean;
  clean.reserve(text.size() + 16);
  while (!text.empty()) {
    AppendUtf8(TakeCharacter(&text), &clean);
  }
  return clean;
}

char32_t TakeCharacter(std::string_view* rest) {
  const size_t length = Utf8Length(*rest);
  if (length <= 1) {
    const char32_t character =
        length == 1 ? static_cast<unsigned char>(rest->front()) : kReplacementCharacter;
    rest->remove_prefix(1);
    return character;
  }
  // The lead byte holds what its length marker leaves over: 5, 4 or 3 bits.
  char32_t character = static_cast<unsigned char>(rest->front()) & (0x7Fu >> length);
  for (size_t i = 1; i < length; ++i) {
    character = character << 6 | (static_cast<unsigned char>((*rest)[i]) & 0x3Fu);
  }
  rest->remove_prefix(length);
  return character;
}

void AppendUtf8(char32_t character, std::string* text) {
  const auto append = [text](char32_t byte) { text->push_back(static_cast<char>(byte)); };
  if (character < 0x80) {
    append(character);
  } else if (character < 0x800) {
    append(0xC0 | character >> 6);
    append(0x80 | (character & 0x3F));
  } else if (character < 0x10000) {
    append(0xE0 | character >> 12);
    append(0x80 | (character >> 6 & 0x3F));
    append(0x80 | (character & 0x3F));
  } else {
    append(0xF0 | character >> 18);
    append(0x80 | (character >> 12 & 0x3F));
    append(0x80 | (character >> 6 & 0x3F));
    append(0x80 | (character & 0x3F));
  }
}

std::string_view Utf8Prefix(std::string_view text, size_t bytes_max) {
  if (text.size() <= bytes_max) {
    return text;
  }
  size_t end = bytes_max;
  // At most three steps back: a fourth follower in a row is not UTF-8 anyway.
  for (int step = 0; step < 3 && end > 0 && (static_cast<uint8_t>(text[end]) & 0xC0) == 0x80;
       ++step) {
    --end;
  }
  return text.substr(0, end);
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
      AppendUtf8(kReplacementCharacter, out);
    } else if (byte < 0x20 || byte == 0x7F) {
      out->push_back(' ');
    } else {
      out->append(text.substr(at, length));
    }
    at += shown;
  }
}

size_t ColumnsOf(char32_t character) {
  if (character < 0x300) return 1;
  if (IsIn(kCombining, character)) return 0;
  return IsIn(kWide, character) ? 2 : 1;
}

bool IsControl(char32_t character) { return IsIn(kHidden, character); }

}  // namespace squall
