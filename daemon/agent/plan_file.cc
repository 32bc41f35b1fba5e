#include "daemon/agent/plan_file.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <system_error>

#include <absl/status/status.h>
#include <fmt/format.h>

namespace squall {
namespace {

constexpr size_t kFileBytesMax = size_t{4} << 20;

}  // namespace

absl::StatusOr<std::string> ReadPlanFile(const std::string& directory, const std::string& path) {
  if (directory.empty()) {
    return absl::FailedPreconditionError(
        "plans are not here: squalld must be started with --plan-directory");
  }
  std::error_code error;
  const std::filesystem::path root = std::filesystem::canonical(directory, error);
  if (error) {
    return absl::NotFoundError(
        fmt::format("the plan directory must be there, got '{}'", directory));
  }
  // Links are followed first: a volume's files are links to where its current version is.
  const std::filesystem::path file = std::filesystem::canonical(root / path, error);
  if (error) {
    return absl::NotFoundError(fmt::format("there is no file '{}' in '{}'", path, directory));
  }
  const auto [left, place] = std::mismatch(root.begin(), root.end(), file.begin(), file.end());
  if (left != root.end() || !std::filesystem::is_regular_file(file, error)) {
    return absl::InvalidArgumentError(
        fmt::format("path must name a file in '{}', got '{}'", directory, path));
  }
  std::ifstream stream(file, std::ios::binary);
  std::string content(kFileBytesMax + 1, '\0');
  stream.read(content.data(), static_cast<std::streamsize>(content.size()));
  content.resize(static_cast<size_t>(stream.gcount()));
  if (content.size() > kFileBytesMax) {
    return absl::InvalidArgumentError(
        fmt::format("'{}' must be at most {} bytes", path, kFileBytesMax));
  }
  return content;
}

}  // namespace squall
