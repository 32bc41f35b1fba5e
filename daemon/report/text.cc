#include "daemon/report/text.h"

#include <algorithm>
#include <array>
#include <chrono>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "daemon/base/utf8.h"

namespace squall {
namespace {

constexpr std::string_view kEllipsis = "…";

std::string EscapedControl(char32_t character) {
  switch (character) {
    case '\n':
      return "\\n";
    case '\r':
      return "\\r";
    case '\t':
      return "\\t";
    default:
      return character < 0x100 ? fmt::format("\\x{:02x}", static_cast<uint32_t>(character))
                               : fmt::format("\\u{:04x}", static_cast<uint32_t>(character));
  }
}

template <typename Append>
std::string Rewritten(std::string_view text, size_t bytes_max, Append append) {
  std::string_view rest = Utf8Prefix(text, bytes_max);
  const bool cut = rest.size() < text.size();
  std::string result;
  result.reserve(rest.size() + kEllipsis.size());
  while (!rest.empty()) {
    append(TakeCharacter(&rest), &result);
  }
  if (cut) {
    result += kEllipsis;
  }
  return result;
}

std::string_view AnsiCode(Colour colour) {
  switch (colour) {
    case Colour::kRed:
      return "31";
    case Colour::kGreen:
      return "32";
    case Colour::kYellow:
      return "33";
    case Colour::kBold:
      return "1";
    case Colour::kDim:
      return "2";
  }
  return "0";
}

}  // namespace

std::string ValidUtf8(std::string_view text, size_t bytes_max) {
  return Rewritten(text, bytes_max, AppendUtf8);
}

std::string Printable(std::string_view text, size_t bytes_max) {
  return Rewritten(text, bytes_max, [](char32_t character, std::string* result) {
    if (IsControl(character)) {
      *result += EscapedControl(character);
    } else {
      AppendUtf8(character, result);
    }
  });
}

TaskErrorText SplitTaskError(std::string_view error) {
  const size_t line = error.find('\n');
  if (line == std::string_view::npos) {
    return {error, ""};
  }
  std::string_view traceback = error.substr(line + 1);
  while (traceback.ends_with('\n')) {
    traceback.remove_suffix(1);
  }
  return {error.substr(0, line), traceback};
}

size_t Columns(std::string_view printable) {
  size_t columns = 0;
  while (!printable.empty()) {
    columns += ColumnsOf(TakeCharacter(&printable));
  }
  return columns;
}

std::string CutToColumns(std::string_view printable, size_t columns) {
  std::string_view rest = printable;
  size_t used = 0;
  size_t kept_bytes = 0;  // what fits beside the ellipsis
  while (!rest.empty()) {
    used += ColumnsOf(TakeCharacter(&rest));
    if (used + 1 <= columns) {
      kept_bytes = printable.size() - rest.size();
    }
    if (used > columns) {
      return std::string(printable.substr(0, kept_bytes)) +
             std::string(columns > 0 ? kEllipsis : "");
    }
  }
  return std::string(printable);
}

std::string FitColumns(std::string_view printable, size_t columns) {
  std::string text = CutToColumns(printable, columns);
  text.append(columns - std::min(columns, Columns(text)), ' ');
  return text;
}

std::string WithoutCredentials(std::string_view url) {
  const size_t scheme_end = url.find("://");
  const size_t host = scheme_end == std::string_view::npos ? 0 : scheme_end + 3;
  const size_t host_end = url.find_first_of("/?#", host);
  const size_t at = url.substr(0, host_end).rfind('@');
  if (at == std::string_view::npos || at < host) {
    return std::string(url);
  }
  return std::string(url.substr(0, host)) + std::string(url.substr(at + 1));
}

std::string FormatUtc(WallTime at) {
  if (at == WallTime{}) {
    return "";
  }
  return fmt::format(
      "{:%Y-%m-%dT%H:%M:%S}Z",
      fmt::gmtime(std::chrono::floor<std::chrono::seconds>(at).time_since_epoch().count()));
}

std::string FormatUtcMillis(WallTime at) {
  if (at == WallTime{}) {
    return "";
  }
  std::string text = FormatUtc(at);
  text.pop_back();
  const auto since = at.time_since_epoch();
  const auto part = since - std::chrono::floor<std::chrono::seconds>(since);
  return fmt::format("{}.{:03}Z", text,
                     std::chrono::floor<std::chrono::milliseconds>(part).count());
}

std::string FormatBytes(uint64_t bytes) {
  constexpr std::array<std::string_view, 5> kUnits = {"B", "KiB", "MiB", "GiB", "TiB"};
  auto value = static_cast<double>(bytes);
  size_t unit = 0;
  while (value >= 1024 && unit + 1 < kUnits.size()) {
    value /= 1024;
    ++unit;
  }
  return unit == 0 || value >= 100 ? fmt::format("{:.0f} {}", value, kUnits[unit])
                                   : fmt::format("{:.1f} {}", value, kUnits[unit]);
}

std::string Coloured(std::string_view text, Colour colour, bool on) {
  return on ? fmt::format("\x1b[{}m{}\x1b[0m", AnsiCode(colour), text) : std::string(text);
}

}  // namespace squall
