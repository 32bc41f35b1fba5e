#include "daemon/stats/request_pattern.h"

#include <algorithm>

namespace squall {

bool RequestPattern::MatchesName(std::string_view name) const {
  if (parts.size() <= 1) {
    return !parts.empty() && name == parts.front();
  }
  const std::string_view first = parts.front();
  const std::string_view last = parts.back();
  if (name.size() < first.size() + last.size() || !name.starts_with(first) ||
      !name.ends_with(last)) {
    return false;
  }
  // Between the two ends, the leftmost place of each part leaves the most room for the rest.
  std::string_view rest = name.substr(first.size(), name.size() - first.size() - last.size());
  for (size_t i = 1; i + 1 < parts.size(); ++i) {
    const size_t at = rest.find(parts[i]);
    if (at == std::string_view::npos) {
      return false;
    }
    rest.remove_prefix(at + parts[i].size());
  }
  return true;
}

bool TaggedRequests::Contain(std::string_view method, std::string_view name) const {
  return patterns != nullptr &&
         std::any_of(patterns->begin(), patterns->end(), [&](const RequestPattern& pattern) {
           return (method.empty() || pattern.method == method) && pattern.MatchesName(name);
         });
}

}  // namespace squall
