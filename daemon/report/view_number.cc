#include "daemon/report/view_number.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include <fmt/format.h>

#include "daemon/base/units.h"

namespace squall {
namespace {

constexpr std::array<int64_t, 10> kPowersOfTen = {
    1, 10, 100, 1'000, 10'000, 100'000, 1'000'000, 10'000'000, 100'000'000, 1'000'000'000};
constexpr int kDecimalsMax = 9;
// Beyond any time or rate, and still a whole number of 64 bits.
constexpr double kScaledMax = 9e18;

// Digits before the point.
int WholeDigits(double value) {
  int digits = 1;
  for (double size = std::abs(value); size >= 10 && digits < 20; size /= 10) {
    ++digits;
  }
  return digits;
}

}  // namespace

ViewNumber ViewNumber::Of(double value, int digits) {
  if (!std::isfinite(value) || value == 0) {
    return Fixed(0, 0);
  }
  int decimals = digits - WholeDigits(value);
  // A rate of one in an hour has zeros behind the point that are no digits.
  for (double size = std::abs(value); size < 0.1 && decimals < kDecimalsMax; size *= 10) {
    ++decimals;
  }
  return Fixed(value, std::clamp(decimals, 0, kDecimalsMax));
}

ViewNumber ViewNumber::Millis(Nanos time, int digits) {
  const double millis = ToSeconds(time) * 1e3;
  return Fixed(millis, std::clamp(digits - WholeDigits(millis), 0, 3));
}

ViewNumber ViewNumber::Seconds(Nanos time) { return Fixed(ToSeconds(time), 3); }

// By whole numbers, which takes a quarter of what a conversion of doubles takes.
ViewNumber ViewNumber::Fixed(double value, int decimals) {
  const int64_t scale = kPowersOfTen[static_cast<size_t>(decimals)];
  const double scaled = std::min(std::abs(value) * static_cast<double>(scale), kScaledMax);
  const int64_t units = std::llround(scaled);
  ViewNumber number;
  if (value < 0 && units > 0) {
    number.Append("-");
  }
  const fmt::format_int whole(units / scale);
  number.Append({whole.data(), whole.size()});
  int64_t rest = units % scale;
  if (rest > 0) {
    number.Append(".");
    for (int64_t place = scale / 10; rest > 0; place /= 10) {
      number.text_[number.size_++] = static_cast<char>('0' + rest / place);
      rest %= place;
    }
  }
  return number;
}

void ViewNumber::Append(std::string_view text) {
  std::copy(text.begin(), text.end(), text_.begin() + static_cast<ptrdiff_t>(size_));
  size_ += text.size();
}

}  // namespace squall
