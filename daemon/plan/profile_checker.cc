#include "daemon/plan/profile_checker.h"

#include "daemon/base/units.h"
#include "daemon/plan/arrival_rate.h"

namespace squall {

std::string SecondsText(Nanos span) { return fmt::format("{}s", ToSeconds(span)); }
void ProfileChecker::Users(std::string_view name, double users) {
  Require(users >= 0 && users <= 1e7, name, "be a number of users from 0 to 10000000", users);
}

void ProfileChecker::SpawnRate(std::string_view name, double per_second) {
  Require(per_second > 0 && per_second <= 1e7, name,
          "be above 0 and at most 10000000 users per second", per_second);
}

void ProfileChecker::ArrivalRate(std::string_view name, double per_second) {
  Require(per_second >= 0 && per_second <= kArrivalRateMax, name,
          fmt::format("be from 0 to {:.0f} per second", kArrivalRateMax), per_second);
}

void ProfileChecker::NotNegative(std::string_view name, Nanos span) {
  Require(span >= Nanos(0), name, "not be negative", SecondsText(span));
}

void ProfileChecker::Positive(std::string_view name, Nanos span) {
  Require(span > Nanos(0), name, "be above 0", SecondsText(span));
}

void ProfileChecker::Fail(const std::string& message) {
  if (status_.ok()) {
    status_ = absl::InvalidArgumentError(message);
  }
}

}  // namespace squall
