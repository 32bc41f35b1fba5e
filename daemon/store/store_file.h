// The file of a run store on disk, and the right to be its only user.
#pragma once

#include <memory>
#include <string>

#include <absl/status/statusor.h>

namespace squall {

// Holds `<path>.lock` locked for its life; the kernel lets go when the process dies, however.
class StoreFile final {
 public:
  // Makes the directory (mode 0700) and the file (0600, since plans hold secrets) when missing.
  // UNAVAILABLE with path and reason when it cannot, or when another process has the lock.
  static absl::StatusOr<std::unique_ptr<StoreFile>> Claim(const std::string& path);
  ~StoreFile();
  StoreFile(const StoreFile&) = delete;
  StoreFile& operator=(const StoreFile&) = delete;

  // Absolute and without symbolic links, so that two names of one file share its lock.
  const std::string& path() const { return path_; }

 private:
  StoreFile(std::string path, int lock_descriptor);

  const std::string path_;
  const int lock_descriptor_;
};

}  // namespace squall
