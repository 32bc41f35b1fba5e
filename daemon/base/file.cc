#include "daemon/base/file.h"

#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

#include "daemon/base/status_macros.h"

namespace squall {
namespace {

absl::Status FileError(std::string_view verb, const std::string& path, int error) {
  const std::string message =
      fmt::format("{} '{}': {}", verb, path, std::generic_category().message(error));
  const bool wrong_path = error == ENOENT || error == ENOTDIR || error == EISDIR ||
                          error == ENAMETOOLONG || error == EACCES;
  return wrong_path ? absl::InvalidArgumentError(message) : absl::UnavailableError(message);
}

absl::Status WriteAll(int descriptor, const std::string& path, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor, text.data(), text.size());
    if (written < 0 && errno == EINTR) {
      continue;
    }
    if (written < 0) {
      return FileError("write", path, errno);
    }
    text.remove_prefix(static_cast<size_t>(written));
  }
  return absl::OkStatus();
}

absl::Status WriteDirectly(const std::string& path, std::string_view text) {
  SQUALL_ASSIGN_OR_RETURN(AppendFile file, AppendFile::Create(path));
  return file.Append(text);
}

// Where the path leads when links are followed; the path itself when nothing is there yet.
std::string Destination(const std::string& path) {
  std::error_code error;
  const std::filesystem::path real = std::filesystem::weakly_canonical(path, error);
  return error ? path : real.string();
}

}  // namespace

absl::Status WriteFileAtomically(const std::string& path, std::string_view text) {
  const std::string destination = Destination(path);
  struct stat facts = {};
  if (::stat(destination.c_str(), &facts) == 0 && !S_ISREG(facts.st_mode)) {
    return WriteDirectly(path, text);
  }
  const std::string temporary = destination + ".tmp";
  if (absl::Status status = WriteDirectly(temporary, text); !status.ok()) {
    ::unlink(temporary.c_str());
    return status;
  }
  if (std::rename(temporary.c_str(), destination.c_str()) != 0) {
    const int error = errno;
    ::unlink(temporary.c_str());
    return FileError("replace", path, error);
  }
  return absl::OkStatus();
}

absl::Status WriteFlagFile(std::string_view flag, const std::string& path, std::string_view text) {
  const absl::Status written = WriteFileAtomically(path, text);
  return written.ok() ? written
                      : absl::NotFoundError(fmt::format("{} must be a writable file: {}", flag,
                                                        std::string(written.message())));
}

absl::StatusOr<AppendFile> AppendFile::Create(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (descriptor < 0) {
    return FileError("create", path, errno);
  }
  return AppendFile(path, descriptor);
}

AppendFile::AppendFile(std::string path, int descriptor)
    : path_(std::move(path)), descriptor_(descriptor) {}

AppendFile::AppendFile(AppendFile&& other) noexcept
    : path_(std::move(other.path_)), descriptor_(std::exchange(other.descriptor_, -1)) {}

AppendFile& AppendFile::operator=(AppendFile&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

AppendFile::~AppendFile() {
  if (descriptor_ >= 0) {
    ::close(descriptor_);
  }
}

absl::Status AppendFile::Append(std::string_view text) {
  return WriteAll(descriptor_, path_, text);
}

}  // namespace squall
