// "did you mean …?": the nearest of the names that would have been right.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace squall {

// The candidate with the smallest edit distance to `wrong`, or "" when none is near enough
// (distance above a third of the length, at least 2). Ties go to the first.
std::string SuggestNearest(std::string_view wrong, const std::vector<std::string>& candidates);

}  // namespace squall
