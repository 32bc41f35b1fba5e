// Text from the network that people will read: what is valid UTF-8 and how to show the rest.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace squall {

// The length in bytes (1–4) of the valid UTF-8 sequence at the start of `text`; 0 when there is
// none, and for an empty text.
size_t Utf8Length(std::string_view text);

// Appends `text` in a form for one line of a report: cut after `bytes_max` bytes (then "…"
// follows), control characters as spaces, bytes that are not UTF-8 as U+FFFD.
void AppendPrintable(std::string_view text, size_t bytes_max, std::string* out);

}  // namespace squall
