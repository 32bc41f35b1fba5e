#include "daemon/base/units.h"

#include <array>
#include <charconv>
#include <cmath>

#include <absl/status/status.h>
#include <fmt/format.h>

namespace squall {
namespace {

struct SpanUnit {
  std::string_view name;
  double seconds;
};

constexpr std::array<SpanUnit, 5> kSpanUnits = {
    {{"d", 86400}, {"h", 3600}, {"m", 60}, {"s", 1}, {"ms", 0.001}}};
constexpr double kSpanSecondsMax = 10 * 365.25 * 86400;

absl::Status SpanError(std::string_view text) {
  return absl::InvalidArgumentError(fmt::format(
      "must be a time span such as 20, 20s, 3m, 2h, 1h20m or 250ms, got '{}'", text.substr(0, 40)));
}

size_t NumberLength(std::string_view text) {
  size_t length = 0;
  while (length < text.size() &&
         ((text[length] >= '0' && text[length] <= '9') || text[length] == '.')) {
    ++length;
  }
  return length;
}

size_t UnitLength(std::string_view text) {
  size_t length = 0;
  while (length < text.size() && ((text[length] >= 'a' && text[length] <= 'z') ||
                                  (text[length] >= 'A' && text[length] <= 'Z'))) {
    ++length;
  }
  return length;
}

bool ParseNumber(std::string_view text, double* value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *value);
  return error == std::errc() && end == text.data() + text.size() && !text.empty();
}

}  // namespace

absl::StatusOr<Nanos> ParseTimeSpan(std::string_view text) {
  std::string_view rest = text;
  double seconds = 0;
  size_t next_unit = 0;
  bool bare = false;
  while (!rest.empty() && !bare) {
    const size_t digits = NumberLength(rest);
    double number = 0;
    if (!ParseNumber(rest.substr(0, digits), &number)) {
      return SpanError(text);
    }
    rest.remove_prefix(digits);
    const std::string_view unit = rest.substr(0, UnitLength(rest));
    rest.remove_prefix(unit.size());
    bare = unit.empty();
    if (bare && (next_unit != 0 || !rest.empty())) {
      return SpanError(text);
    }
    size_t index = bare ? 3 : next_unit;
    while (index < kSpanUnits.size() && !bare && kSpanUnits[index].name != unit) {
      ++index;
    }
    if (index == kSpanUnits.size()) {
      return SpanError(text);
    }
    seconds += number * kSpanUnits[index].seconds;
    next_unit = index + 1;
  }
  if (text.empty() || seconds > kSpanSecondsMax) {
    return SpanError(text);
  }
  return FromSeconds(seconds);
}

std::string FormatTimeSpan(Nanos span) {
  int64_t millis = std::chrono::round<std::chrono::milliseconds>(span).count();
  if (millis <= 0) {
    return "0s";
  }
  std::string text;
  constexpr std::array<std::pair<std::string_view, int64_t>, 4> kParts = {
      {{"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}}};
  for (const auto& [unit, size] : kParts) {
    if (millis >= size) {
      text += fmt::format("{}{}", millis / size, unit);
      millis %= size;
    }
  }
  return text;
}

absl::StatusOr<int64_t> ParseByteSize(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, double>, 8> kUnits = {
      {{"", 1},
       {"B", 1},
       {"KB", 1e3},
       {"MB", 1e6},
       {"GB", 1e9},
       {"KiB", 1024.0},
       {"MiB", 1024.0 * 1024},
       {"GiB", 1024.0 * 1024 * 1024}}};
  const size_t digits = NumberLength(text);
  double number = 0;
  if (ParseNumber(text.substr(0, digits), &number)) {
    for (const auto& [unit, size] : kUnits) {
      if (text.substr(digits) == unit && number * size < 9e18) {
        return static_cast<int64_t>(number * size);
      }
    }
  }
  return absl::InvalidArgumentError(
      fmt::format("must be a size such as 512, 64KiB or 10MB, got '{}'", text.substr(0, 40)));
}

Nanos FromSeconds(double seconds) {
  const double nanos = std::round(seconds * 1e9);
  if (std::isnan(nanos)) {
    return Nanos(0);
  }
  if (nanos >= 9.2e18) {
    return Nanos::max();
  }
  if (nanos <= -9.2e18) {
    return Nanos::min();
  }
  return Nanos(static_cast<int64_t>(nanos));
}

}  // namespace squall
