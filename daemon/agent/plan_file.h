// Files of one directory, for coordinators whose plan is there and not with them. Any thread.
#pragma once

#include <string>

#include <absl/status/statusor.h>

namespace squall {

// The file at `path` below `directory`. FAILED_PRECONDITION without a directory, NOT_FOUND,
// INVALID_ARGUMENT for what is no plain file, is above 4 MiB, or lies elsewhere: "..", an absolute
// path, a link that leads out.
absl::StatusOr<std::string> ReadPlanFile(const std::string& directory, const std::string& path);

}  // namespace squall
