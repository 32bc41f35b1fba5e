// Certificates and keys as flags name them.
#pragma once

#include <string>
#include <string_view>

#include <absl/status/statusor.h>

namespace squall {

// The text of the file, or "" when `path` is "": the flag was not given. NOT_FOUND names the flag
// and the file; what it holds is for TLS to judge.
absl::StatusOr<std::string> ReadPemFile(std::string_view flag, const std::string& path);

}  // namespace squall
