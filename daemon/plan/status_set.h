// Which HTTP statuses a check accepts: "200", "2xx", "200-299", or several with commas. A value;
// reading and asking allocate nothing.
#pragma once

#include <bitset>
#include <string_view>

#include <absl/status/statusor.h>

namespace squall {

class StatusSet final {
 public:
  // INVALID_ARGUMENT says what would be right. Spaces around the parts do not matter.
  static absl::StatusOr<StatusSet> Parse(std::string_view text);

  bool Contains(int status) const {
    return status >= kLowest && status <= kHighest &&
           statuses_[static_cast<size_t>(status - kLowest)];
  }

  bool operator==(const StatusSet&) const = default;

 private:
  static constexpr int kLowest = 100;
  static constexpr int kHighest = 999;  // RFC 9110 ends at 599, some servers do not

  bool AddPart(std::string_view part);

  std::bitset<kHighest - kLowest + 1> statuses_;
};

}  // namespace squall
