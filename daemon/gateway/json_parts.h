// A JSON object cut into its fields without reading what is in them: a stored view is megabytes,
// and whoever wants one of its tables gets the bytes as they are. Pure.
#pragma once

#include <string_view>
#include <utility>
#include <vector>

#include <absl/status/statusor.h>

namespace squall {

// The fields of the outermost object, in order. Names must have no escapes. INVALID_ARGUMENT for
// what is no object; what is inside the values is not checked beyond brackets and quotes.
absl::StatusOr<std::vector<std::pair<std::string_view, std::string_view>>> SplitJsonObject(
    std::string_view text);

// The value of one field; NOT_FOUND when there is none.
absl::StatusOr<std::string_view> JsonPart(std::string_view text, std::string_view name);

}  // namespace squall
