// The limits of a load profile's numbers. Keeps the first complaint, so that a function can check
// all its fields in a row and answer once.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <absl/status/status.h>
#include <fmt/format.h>

#include "daemon/base/clock.h"

namespace squall {

// Far from the 292 years at which nanoseconds overflow.
inline constexpr Nanos kLongestRun = std::chrono::hours(24 * 36525);  // 100 years

// "1.5s": any span, negative ones too, which FormatTimeSpan has no text for.
std::string SecondsText(Nanos span);

// One owner. `prefix` ("stages[2].") goes before every name until it is changed.
class ProfileChecker final {
 public:
  void SetPrefix(std::string prefix) { prefix_ = std::move(prefix); }

  void Users(std::string_view name, double users);
  void SpawnRate(std::string_view name, double per_second);
  void ArrivalRate(std::string_view name, double per_second);
  void NotNegative(std::string_view name, Nanos span);
  void Positive(std::string_view name, Nanos span);

  // "<prefix><name> must <rule>, got <value>", unless `holds`.
  template <typename Value>
  void Require(bool holds, std::string_view name, std::string_view rule, const Value& value) {
    if (!holds) {
      Fail(fmt::format("{}{} must {}, got {}", prefix_, name, rule, value));
    }
  }
  void Fail(const std::string& message);

  const absl::Status& status() const { return status_; }
  bool ok() const { return status_.ok(); }

 private:
  std::string prefix_;
  absl::Status status_;
};

}  // namespace squall
