#include "daemon/net/token_guard.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sys/random.h>
#include <sys/stat.h>
#include <utility>

#include <absl/status/status.h>
#include <fmt/format.h>

#include "daemon/base/status_macros.h"

namespace squall {
namespace {

constexpr std::string_view kScheme = "Bearer ";
constexpr size_t kTokenBytesMax = 4096;

absl::Status Unreadable(const std::string& path, int error) {
  return absl::Status(
      error == EACCES ? absl::StatusCode::kPermissionDenied : absl::StatusCode::kNotFound,
      fmt::format("token file '{}' must be readable: {}", path, std::strerror(error)));
}

// Never shows the token.
absl::Status CheckToken(std::string_view what, const std::string& token) {
  if (token.size() > kTokenBytesMax) {
    return absl::InvalidArgumentError(
        fmt::format("{} must hold at most {} bytes", what, kTokenBytesMax));
  }
  if (token.empty()) {
    return absl::InvalidArgumentError(fmt::format("{} must hold a token, it is empty", what));
  }
  if (!std::all_of(token.begin(), token.end(), [](char c) { return c > ' ' && c <= '~'; })) {
    return absl::InvalidArgumentError(
        fmt::format("{} must hold one line of visible ASCII characters", what));
  }
  return absl::OkStatus();
}

}  // namespace

bool EqualInConstantTime(std::string_view a, std::string_view b) {
  // The length may leak; the content may not.
  unsigned difference = a.size() == b.size() ? 0 : 1;
  for (size_t i = 0; i < a.size(); ++i) {
    const char other = b.empty() ? '\0' : b[i % b.size()];
    difference |= static_cast<unsigned char>(a[i] ^ other);
  }
  return difference == 0;
}

absl::StatusOr<std::string> RandomToken() {
  unsigned char random[32];
  if (getrandom(random, sizeof(random), 0) != sizeof(random)) {
    return absl::UnavailableError(fmt::format("no random numbers: {}", std::strerror(errno)));
  }
  std::string token;
  for (const unsigned char byte : random) {
    token += fmt::format("{:02x}", byte);
  }
  return token;
}

absl::StatusOr<std::unique_ptr<TokenGuard>> TokenGuard::FromToken(const std::string& token) {
  SQUALL_RETURN_IF_ERROR(CheckToken("token", token));
  std::unique_ptr<TokenGuard> guard(new TokenGuard(""));
  const std::lock_guard<std::mutex> lock(guard->mutex_);
  guard->token_ = token;
  return guard;
}

absl::StatusOr<std::unique_ptr<TokenGuard>> TokenGuard::FromFile(std::string path) {
  std::unique_ptr<TokenGuard> guard(new TokenGuard(std::move(path)));
  const std::lock_guard<std::mutex> lock(guard->mutex_);
  SQUALL_RETURN_IF_ERROR(guard->Load());
  return guard;
}

absl::Status TokenGuard::Load() const {
  // What the file was before it is read: a change in between is seen as one by the next Refresh.
  struct stat info {};
  if (stat(path_.c_str(), &info) != 0) {
    return Unreadable(path_, errno);
  }
  std::ifstream file(path_, std::ios::binary);
  if (!file) {
    return Unreadable(path_, errno);
  }
  std::string token(kTokenBytesMax + 1, '\0');  // never more: the path may name a device
  file.read(token.data(), static_cast<std::streamsize>(token.size()));
  token.resize(static_cast<size_t>(file.gcount()));
  const std::string what = fmt::format("token file '{}'", path_);
  if (token.size() > kTokenBytesMax) {
    return CheckToken(what, token);
  }
  while (!token.empty() && (token.back() == '\n' || token.back() == '\r' || token.back() == ' ')) {
    token.pop_back();
  }
  SQUALL_RETURN_IF_ERROR(CheckToken(what, token));
  token_ = std::move(token);
  modified_ = info.st_mtim;
  inode_ = info.st_ino;
  return absl::OkStatus();
}

// A file that cannot be read just now (half-written, moved) leaves the old token in force.
void TokenGuard::Refresh() const {
  struct stat info {};
  if (path_.empty()) {
    return;
  }
  if (stat(path_.c_str(), &info) == 0 &&
      (info.st_mtim.tv_sec != modified_.tv_sec || info.st_mtim.tv_nsec != modified_.tv_nsec ||
       info.st_ino != inode_)) {
    Load().IgnoreError();
  }
}

bool TokenGuard::Admits(std::string_view authorization) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  Refresh();
  return authorization.starts_with(kScheme) &&
         EqualInConstantTime(authorization.substr(kScheme.size()), token_);
}

std::string TokenGuard::Authorization() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  Refresh();
  return fmt::format("{}{}", kScheme, token_);
}

}  // namespace squall
