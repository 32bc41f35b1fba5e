// The bearer token that a control port asks for. The file is read again when it changes, so that a
// rotated secret needs no restart. Any thread.
#pragma once

#include <ctime>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <sys/types.h>

#include <absl/status/statusor.h>

namespace squall {

// True when both are equal; takes the same time wherever they differ.
bool EqualInConstantTime(std::string_view a, std::string_view b);

// 256 random bits of the kernel's, in hexadecimal. UNAVAILABLE when there are none.
absl::StatusOr<std::string> RandomToken();

class TokenGuard final {
 public:
  // NOT_FOUND, PERMISSION_DENIED or INVALID_ARGUMENT (empty, longer than 4 KiB, not one line of
  // visible ASCII) names the file.
  static absl::StatusOr<std::unique_ptr<TokenGuard>> FromFile(std::string path);

  // INVALID_ARGUMENT as above, but for a token that is no file's.
  static absl::StatusOr<std::unique_ptr<TokenGuard>> FromToken(const std::string& token);

  // Whether `authorization` is "Bearer <the token>".
  bool Admits(std::string_view authorization) const;
  // "Bearer <the token>", for the client side.
  std::string Authorization() const;

 private:
  explicit TokenGuard(std::string path) : path_(std::move(path)) {}
  absl::Status Load() const;
  void Refresh() const;

  const std::string path_;
  mutable std::mutex mutex_;
  mutable std::string token_;        // guarded by mutex_
  mutable timespec modified_{0, 0};  // guarded by mutex_
  mutable ino_t inode_ = 0;          // guarded by mutex_
};

}  // namespace squall
