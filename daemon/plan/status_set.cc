#include "daemon/plan/status_set.h"

#include <string>

#include <fmt/format.h>

#include "daemon/base/ascii.h"
#include "daemon/base/utf8.h"

namespace squall {
namespace {

constexpr size_t kShownBytesMax = 64;

// Three digits; 0 for anything else.
int ReadStatus(std::string_view text) {
  if (text.size() != 3) {
    return 0;
  }
  int status = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') {
      return 0;
    }
    status = status * 10 + (c - '0');
  }
  return status;
}

}  // namespace

absl::StatusOr<StatusSet> StatusSet::Parse(std::string_view text) {
  StatusSet set;
  std::string_view rest = text;
  while (true) {
    const size_t comma = rest.find(',');
    if (!set.AddPart(Trim(rest.substr(0, comma)))) {
      std::string shown;
      AppendPrintable(text, kShownBytesMax, &shown);
      return absl::InvalidArgumentError(fmt::format(
          "must be statuses such as 200, 2xx, 200-299 or 200,404 (from {} to {}), got '{}'",
          kLowest, kHighest, shown));
    }
    if (comma == std::string_view::npos) {
      return set;
    }
    rest.remove_prefix(comma + 1);
  }
}

bool StatusSet::AddPart(std::string_view part) {
  int low = 0;
  int high = 0;
  const size_t dash = part.find('-');
  if (part.size() == 3 && (part.substr(1) == "xx" || part.substr(1) == "XX")) {
    low = (part[0] - '0') * 100;
    high = low + 99;
  } else if (dash != std::string_view::npos) {
    low = ReadStatus(Trim(part.substr(0, dash)));
    high = ReadStatus(Trim(part.substr(dash + 1)));
  } else {
    low = ReadStatus(part);
    high = low;
  }
  if (low < kLowest || high > kHighest || low > high) {
    return false;
  }
  for (int status = low; status <= high; ++status) {
    statuses_.set(static_cast<size_t>(status - kLowest));
  }
  return true;
}

}  // namespace squall
