// Text that came from the target or from a plan, made fit to be shown. Names and errors are
// hostile: they may hold control characters, invalid UTF-8 or a megabyte. Pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "daemon/base/clock.h"

namespace squall {

// Longer texts are cut in every format, so that one bad reply cannot make a report unreadable.
inline constexpr size_t kTextBytesMax = 4096;

// Valid UTF-8: wrong bytes become U+FFFD, and what is beyond `bytes_max` becomes "…".
std::string ValidUtf8(std::string_view text, size_t bytes_max = kTextBytesMax);

// One line for a terminal: as ValidUtf8, and control characters are written out ("\n", "\x1b",
// "\u202e"). A backslash stays as it is, since people read this and programs do not.
std::string Printable(std::string_view text, size_t bytes_max = kTextBytesMax);

// A task error is a message, and from its second line on where it came from.
struct TaskErrorText {
  std::string_view message;
  std::string_view traceback;  // "" when there is none
};
TaskErrorText SplitTaskError(std::string_view error);

// Columns that a text without control characters takes on a terminal.
size_t Columns(std::string_view printable);
// Cut to `columns`, the last one being "…" when something is missing.
std::string CutToColumns(std::string_view printable, size_t columns);
// The same, and filled up with spaces.
std::string FitColumns(std::string_view printable, size_t columns);

// A URL without "user:password@".
std::string WithoutCredentials(std::string_view url);

// "2026-11-23T08:57:39Z"; with milliseconds "2026-11-23T08:57:39.120Z". The zero time is "".
std::string FormatUtc(WallTime at);
std::string FormatUtcMillis(WallTime at);

// "1.5 KiB", "3 MiB": sizes as people read them.
std::string FormatBytes(uint64_t bytes);

enum class Colour { kRed, kGreen, kYellow, kBold, kDim };
// `text` in ANSI colour, or untouched unless `on`.
std::string Coloured(std::string_view text, Colour colour, bool on);

}  // namespace squall
