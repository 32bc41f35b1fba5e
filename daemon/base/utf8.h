// Hostile text: what of it is valid UTF-8, one character at a time, and how the rest is shown. Pure
// functions; any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace squall {

inline constexpr char32_t kReplacementCharacter = 0xFFFD;

// The length in bytes (1–4) of the valid UTF-8 sequence at the start of `text`; 0 when there is
// none (overlong forms, surrogates and values above U+10FFFF are none), and for an empty text.
size_t Utf8Length(std::string_view text);

bool IsUtf8(std::string_view text);

// The text itself when it is UTF-8; otherwise each offending byte becomes U+FFFD.
std::string ToUtf8(std::string_view text);

// Takes the first character off `rest`, which must not be empty. A byte that starts no valid UTF-8
// sequence is taken alone and read as U+FFFD.
char32_t TakeCharacter(std::string_view* rest);

void AppendUtf8(char32_t character, std::string* text);

// The longest beginning of `text` of at most `bytes_max` bytes that cuts no character in two.
std::string_view Utf8Prefix(std::string_view text, size_t bytes_max);

// Appends `text` in a form for one line of a message: cut after `bytes_max` bytes (then "…"
// follows), control characters as spaces, bytes that are not UTF-8 as U+FFFD.
void AppendPrintable(std::string_view text, size_t bytes_max, std::string* out);

// Columns of a terminal: 0 for combining marks, 2 for East Asian wide characters and emoji.
size_t ColumnsOf(char32_t character);

// Would not show as itself: C0, C1, DEL, line and paragraph separators, and the marks that reorder
// or hide text (bidirectional overrides, zero-width characters, byte order mark).
bool IsControl(char32_t character);

}  // namespace squall
