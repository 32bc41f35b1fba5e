// Which request names a threshold looks at when it selects by tag. Plain values; pure functions.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace squall {

// The names that one request of a plan is recorded under.
struct RequestPattern {
  std::string method;
  // The fixed parts of the name, in their order; between two of them may be anything. One part: the
  // name is exactly that.
  std::vector<std::string> parts;
  auto operator<=>(const RequestPattern&) const = default;

  bool MatchesName(std::string_view name) const;
};

// The requests of a tag. They follow from the tag and the plan, so they are no part of equality.
struct TaggedRequests {
  // Immutable, and shared by all thresholds with the tag; nullptr: nobody has looked at the plan.
  std::shared_ptr<const std::vector<RequestPattern>> patterns;
  bool operator==(const TaggedRequests&) const { return true; }

  // With an empty `method`, of any method.
  bool Contain(std::string_view method, std::string_view name) const;
};

}  // namespace squall
