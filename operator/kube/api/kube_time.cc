#include "operator/kube/api/kube_time.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include <absl/status/status.h>
#include <fmt/format.h>

namespace squall {
namespace {

using std::chrono::days;
using std::chrono::floor;
using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

// Reads a text from left to right; every Take says whether it found what it wanted.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : rest_(text) {}

  bool AtEnd() const { return rest_.empty(); }
  bool Take(char wanted) {
    const bool found = !rest_.empty() && rest_.front() == wanted;
    rest_.remove_prefix(found ? 1 : 0);
    return found;
  }
  bool TakeWord(std::string_view wanted) {
    const bool found = rest_.substr(0, wanted.size()) == wanted;
    rest_.remove_prefix(found ? wanted.size() : 0);
    return found;
  }
  // As many digits as there are, up to `max`; the number of them.
  size_t TakeDigits(size_t max, int64_t* value) {
    size_t count = 0;
    *value = 0;
    while (count < max && count < rest_.size() && rest_[count] >= '0' && rest_[count] <= '9') {
      *value = *value * 10 + (rest_[count] - '0');
      ++count;
    }
    rest_.remove_prefix(count);
    return count;
  }
  bool TakeNumber(size_t digits, int64_t* value) { return TakeDigits(digits, value) == digits; }

 private:
  std::string_view rest_;
};

struct Civil {
  int64_t year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
  Nanos fraction{};
  minutes offset{};
};

bool TakeFraction(Cursor* cursor, Nanos* fraction) {
  if (!cursor->Take('.')) {
    return true;
  }
  int64_t value = 0;
  const size_t digits = cursor->TakeDigits(9, &value);
  for (size_t i = digits; i < 9; ++i) {
    value *= 10;
  }
  *fraction = Nanos(value);
  return digits > 0;
}

bool TakeOffset(Cursor* cursor, minutes* offset) {
  if (cursor->Take('Z') || cursor->Take('z')) {
    return true;
  }
  const bool east = cursor->Take('+');
  int64_t hour = 0;
  int64_t minute = 0;
  const bool read = (east || cursor->Take('-')) && cursor->TakeNumber(2, &hour) &&
                    cursor->Take(':') && cursor->TakeNumber(2, &minute) && hour < 24 && minute < 60;
  *offset = (hours(hour) + minutes(minute)) * (east ? 1 : -1);
  return read;
}

bool TakeCivil(Cursor* cursor, Civil* civil) {
  return cursor->TakeNumber(4, &civil->year) && cursor->Take('-') &&
         cursor->TakeNumber(2, &civil->month) && cursor->Take('-') &&
         cursor->TakeNumber(2, &civil->day) && (cursor->Take('T') || cursor->Take('t')) &&
         cursor->TakeNumber(2, &civil->hour) && cursor->Take(':') &&
         cursor->TakeNumber(2, &civil->minute) && cursor->Take(':') &&
         cursor->TakeNumber(2, &civil->second) && TakeFraction(cursor, &civil->fraction) &&
         TakeOffset(cursor, &civil->offset) && cursor->AtEnd();
}

std::string FormatSeconds(WallTime time) {
  const auto day = floor<days>(time);
  const std::chrono::year_month_day date(day);
  const auto second = floor<seconds>(time - day).count();
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     second / 3600, second / 60 % 60, second % 60);
}

struct Unit {
  std::string_view name;
  Nanos span;
};
// "ms" before "m": the first that fits is taken.
constexpr std::array<Unit, 4> kUnits{
    {{"ms", milliseconds(1)}, {"h", hours(1)}, {"m", minutes(1)}, {"s", seconds(1)}}};

}  // namespace

std::string FormatKubeTime(WallTime time) { return FormatSeconds(time) + "Z"; }

std::string FormatMicroTime(WallTime time) {
  const auto fraction = floor<microseconds>(time - floor<seconds>(time)).count();
  return fmt::format("{}.{:06}Z", FormatSeconds(time), fraction);
}

absl::StatusOr<WallTime> ParseKubeTime(std::string_view text) {
  Cursor cursor(text);
  Civil civil;
  const bool read = TakeCivil(&cursor, &civil);
  const std::chrono::year_month_day date(std::chrono::year(static_cast<int>(civil.year)),
                                         std::chrono::month(static_cast<unsigned>(civil.month)),
                                         std::chrono::day(static_cast<unsigned>(civil.day)));
  // 60 is a leap second, which RFC 3339 allows and Go reads as the next one.
  const bool valid = read && date.ok() && civil.hour < 24 && civil.minute < 60 &&
                     civil.second <= 60 && civil.year >= 1970 && civil.year <= 2261;
  if (!valid) {
    return absl::InvalidArgumentError(
        fmt::format("must be an RFC 3339 time like 2026-01-31T12:00:00Z, got '{}'", text));
  }
  const std::chrono::sys_days day(date);
  return WallTime(day) + hours(civil.hour) + minutes(civil.minute) + seconds(civil.second) +
         civil.fraction - civil.offset;
}

absl::StatusOr<Nanos> ParseKubeDuration(std::string_view text) {
  constexpr size_t kDigitsMax = 5;
  constexpr int kPartsMax = 4;
  Cursor cursor(text);
  Nanos sum{};
  int parts = 0;
  bool valid = !text.empty();
  while (valid && !cursor.AtEnd()) {
    int64_t value = 0;
    valid = ++parts <= kPartsMax && cursor.TakeDigits(kDigitsMax, &value) > 0;
    const auto* unit = std::find_if(kUnits.begin(), kUnits.end(), [&](const Unit& candidate) {
      return cursor.TakeWord(candidate.name);
    });
    valid = valid && unit != kUnits.end();
    sum += valid ? value * unit->span : Nanos{};
  }
  if (!valid) {
    return absl::InvalidArgumentError(
        fmt::format("must be a duration like 1h30m, 10s or 500ms, got '{}'", text));
  }
  return sum;
}

std::string FormatKubeDuration(Nanos duration) {
  constexpr hours kMax(99999);
  int64_t rest = floor<milliseconds>(std::clamp<Nanos>(duration, Nanos{}, kMax)).count();
  std::string text;
  const auto append = [&](int64_t unit_ms, std::string_view name) {
    if (rest >= unit_ms) {
      text += fmt::format("{}{}", rest / unit_ms, name);
      rest %= unit_ms;
    }
  };
  append(3'600'000, "h");
  append(60'000, "m");
  append(1'000, "s");
  append(1, "ms");
  return text.empty() ? "0s" : text;
}

}  // namespace squall
