// Writing files. Errors are UNAVAILABLE or INVALID_ARGUMENT, where nothing else is said, and name
// the path and the system's reason. One thread at a time per object.
#pragma once

#include <string>
#include <string_view>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

namespace squall {

// Replaces the file in one step: a reader sees the old text or the new one, never half. What is not
// a regular file (a pipe, /dev/stdout) is written to directly; a symbolic link is followed.
absl::Status WriteFileAtomically(const std::string& path, std::string_view text);

// The same, for a file that a flag of a command line asks for: NOT_FOUND, and the flag is named.
absl::Status WriteFlagFile(std::string_view flag, const std::string& path, std::string_view text);

// A file that only grows.
class AppendFile final {
 public:
  // Starts empty: what was there is cut off.
  static absl::StatusOr<AppendFile> Create(const std::string& path);
  AppendFile(AppendFile&& other) noexcept;
  AppendFile& operator=(AppendFile&& other) noexcept;
  ~AppendFile();

  // On return the text is with the kernel, so that a crash of ours loses nothing.
  absl::Status Append(std::string_view text);

 private:
  AppendFile(std::string path, int descriptor);
  std::string path_;
  int descriptor_ = -1;
};

}  // namespace squall
