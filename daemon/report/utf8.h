// Reading hostile text one character at a time. Pure functions; any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace squall {

inline constexpr char32_t kReplacementCharacter = 0xFFFD;

// Takes the first character off `rest`, which must not be empty. A byte that starts no valid UTF-8
// sequence (overlong forms, surrogates and values above U+10FFFF included) is taken alone and read
// as U+FFFD.
char32_t TakeCharacter(std::string_view* rest);

void AppendUtf8(char32_t character, std::string* text);

// The longest beginning of `text` of at most `bytes_max` bytes that cuts no character in two.
std::string_view Utf8Prefix(std::string_view text, size_t bytes_max);

// Columns of a terminal: 0 for combining marks, 2 for East Asian wide characters and emoji.
size_t ColumnsOf(char32_t character);

// Would not show as itself: C0, C1, DEL, line and paragraph separators, and the marks that reorder
// or hide text (bidirectional overrides, zero-width characters, byte order mark).
bool IsControl(char32_t character);

}  // namespace squall
