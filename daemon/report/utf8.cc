#include "daemon/report/utf8.h"

#include <array>
#include <cstdint>

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
constexpr std::array<Range, 6> kHidden = {{{0x00, 0x1F},
                                           {0x7F, 0x9F},
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

// How many bytes follow a lead byte, or -1 when it leads nothing.
int Followers(uint8_t lead) {
  if (lead < 0x80) return 0;
  if (lead >= 0xC2 && lead <= 0xDF) return 1;
  if (lead >= 0xE0 && lead <= 0xEF) return 2;
  if (lead >= 0xF0 && lead <= 0xF4) return 3;
  return -1;
}

}  // namespace

char32_t TakeCharacter(std::string_view* rest) {
  constexpr std::array<char32_t, 4> kSmallest = {0, 0x80, 0x800, 0x10000};
  const auto lead = static_cast<uint8_t>(rest->front());
  const int followers = Followers(lead);
  char32_t character = followers <= 0 ? lead : lead & (0x3Fu >> followers);
  bool valid = followers >= 0 && rest->size() > static_cast<size_t>(followers);
  for (int i = 1; valid && i <= followers; ++i) {
    const auto byte = static_cast<uint8_t>((*rest)[i]);
    valid = (byte & 0xC0) == 0x80;
    character = character << 6 | (byte & 0x3F);
  }
  valid = valid && character >= kSmallest[followers] && character <= 0x10FFFF &&
          (character < 0xD800 || character > 0xDFFF);
  rest->remove_prefix(valid ? 1 + followers : 1);
  return valid ? character : kReplacementCharacter;
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

size_t ColumnsOf(char32_t character) {
  if (character < 0x300) return 1;
  if (IsIn(kCombining, character)) return 0;
  return IsIn(kWide, character) ? 2 : 1;
}

bool IsControl(char32_t character) { return IsIn(kHidden, character); }

}  // namespace squall
