// Numbers in the JSON of a page: exact where that is short, else as many digits as people see.
// Used inside this room.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "daemon/base/clock.h"

namespace squall {

// The digits of one number, on the stack: a table of 10 000 names has 350 000 of them.
class ViewNumber final {
 public:
  // At most `digits` significant ones, without trailing zeros; "0" unless finite.
  static ViewNumber Of(double value, int digits = 6);
  // Milliseconds, to the microsecond and to `digits`.
  static ViewNumber Millis(Nanos time, int digits = 6);
  // Seconds, to the millisecond.
  static ViewNumber Seconds(Nanos time);

  std::string_view text() const { return {text_.data(), size_}; }

 private:
  static ViewNumber Fixed(double value, int decimals);
  void Append(std::string_view text);

  std::array<char, 40> text_{};
  size_t size_ = 0;
};

}  // namespace squall
