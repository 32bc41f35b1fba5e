// The files that credentials come in.
#pragma once

#include <string>

#include <absl/status/statusor.h>

namespace squall {

// The whole text. NOT_FOUND or PERMISSION_DENIED with the system's reason; INVALID_ARGUMENT beyond
// 1 MiB. Blocking.
absl::StatusOr<std::string> ReadSmallFile(const std::string& path);

}  // namespace squall
