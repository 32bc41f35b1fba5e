#include "daemon/store/store_file.h"

#include <array>
#include <cerrno>
#include <charconv>
#include <fcntl.h>
#include <filesystem>
#include <string_view>
#include <sys/file.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

#include "daemon/base/status_macros.h"

namespace squall {
namespace {

constexpr mode_t kFileMode = 0600;
constexpr mode_t kDirectoryMode = 0700;

absl::Status FileError(const std::string& path, const std::string& reason) {
  return absl::UnavailableError(
      fmt::format("run store '{}' must be a writable file: {}", path, reason));
}

absl::Status SystemError(const std::string& path, int error) {
  return FileError(path, std::generic_category().message(error));
}

absl::Status MakeDirectories(const std::filesystem::path& directory) {
  std::error_code error;
  if (directory.empty() || std::filesystem::is_directory(directory, error)) {
    return absl::OkStatus();
  }
  if (directory.has_parent_path() && directory.parent_path() != directory) {
    SQUALL_RETURN_IF_ERROR(MakeDirectories(directory.parent_path()));
  }
  // EEXIST: somebody was faster, or it is no directory, which the next step finds out.
  if (::mkdir(directory.c_str(), kDirectoryMode) != 0 && errno != EEXIST) {
    return SystemError(directory.string(), errno);
  }
  return absl::OkStatus();
}

// The process id that the holder has left in the lock file; 0 when unreadable.
int ReadHolder(int descriptor) {
  std::array<char, 16> text{};
  const ssize_t size = ::pread(descriptor, text.data(), text.size(), 0);
  int holder = 0;
  std::from_chars(text.data(), text.data() + std::max<ssize_t>(size, 0), holder);
  return holder;
}

// For the message that the next one gets; the lock holds without it.
void WriteHolder(int descriptor) {
  const std::string text = fmt::format("{}\n", ::getpid());
  if (::ftruncate(descriptor, 0) == 0) {
    [[maybe_unused]] const ssize_t written = ::pwrite(descriptor, text.data(), text.size(), 0);
  }
}

absl::StatusOr<int> TakeLock(const std::string& path) {
  const std::string lock_path = path + ".lock";
  const int descriptor =
      ::open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, kFileMode);
  if (descriptor < 0) {
    return SystemError(lock_path, errno);
  }
  if (::flock(descriptor, LOCK_EX | LOCK_NB) == 0) {
    WriteHolder(descriptor);
    return descriptor;
  }
  const int error = errno;
  const int holder = ReadHolder(descriptor);
  ::close(descriptor);
  if (error != EWOULDBLOCK) {
    return SystemError(lock_path, error);
  }
  return absl::UnavailableError(fmt::format(
      "run store '{}' must have one coordinator, and process {} has it open: stop that one, or "
      "name another file",
      path, holder));
}

// Only under the lock: closing a descriptor drops every POSIX lock of this process on the file, and
// SQLite relies on those.
absl::Status MakeFile(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK, kFileMode);
  if (descriptor < 0) {
    return SystemError(path, errno);
  }
  struct stat facts = {};
  const bool regular = ::fstat(descriptor, &facts) == 0 && S_ISREG(facts.st_mode);
  ::close(descriptor);
  return regular ? absl::OkStatus() : FileError(path, "Not a regular file");
}

}  // namespace

absl::StatusOr<std::unique_ptr<StoreFile>> StoreFile::Claim(const std::string& path) {
  std::error_code error;
  const std::filesystem::path wanted =
      std::filesystem::weakly_canonical(std::filesystem::absolute(path, error), error);
  if (error) {
    return SystemError(path, error.value());
  }
  if (std::filesystem::is_directory(wanted, error)) {
    return SystemError(path, EISDIR);
  }
  SQUALL_RETURN_IF_ERROR(MakeDirectories(wanted.parent_path()));
  SQUALL_ASSIGN_OR_RETURN(const int lock, TakeLock(wanted.string()));
  std::unique_ptr<StoreFile> file(new StoreFile(wanted.string(), lock));
  SQUALL_RETURN_IF_ERROR(MakeFile(file->path()));
  return file;
}

StoreFile::StoreFile(std::string path, int lock_descriptor)
    : path_(std::move(path)), lock_descriptor_(lock_descriptor) {}

// The lock file stays: unlinking it would let two processes lock two files of the same name.
StoreFile::~StoreFile() { ::close(lock_descriptor_); }

}  // namespace squall
