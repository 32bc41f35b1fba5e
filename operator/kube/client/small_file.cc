#include "operator/kube/client/small_file.h"

#include <cerrno>
#include <cstdio>
#include <memory>
#include <system_error>

#include <absl/status/status.h>
#include <fmt/format.h>

namespace squall {
namespace {

constexpr size_t kBytesMax = size_t{1} << 20;

struct Closer {
  void operator()(std::FILE* file) const { static_cast<void>(std::fclose(file)); }
};

absl::Status ErrnoStatus(const std::string& path, int error) {
  const std::string message =
      fmt::format("file '{}' must be readable: {}", path, std::generic_category().message(error));
  return error == EACCES || error == EPERM ? absl::PermissionDeniedError(message)
                                           : absl::NotFoundError(message);
}

}  // namespace

absl::StatusOr<std::string> ReadSmallFile(const std::string& path) {
  const std::unique_ptr<std::FILE, Closer> file(std::fopen(path.c_str(), "rbe"));
  if (file == nullptr) {
    return ErrnoStatus(path, errno);
  }
  std::string text;
  char block[4096];
  while (const size_t count = std::fread(block, 1, sizeof block, file.get())) {
    text.append(block, count);
    if (text.size() > kBytesMax) {
      return absl::InvalidArgumentError(
          fmt::format("file '{}' must be at most {} bytes long", path, kBytesMax));
    }
  }
  if (std::ferror(file.get()) != 0) {
    return ErrnoStatus(path, errno);  // a directory, for one
  }
  return text;
}

}  // namespace squall
