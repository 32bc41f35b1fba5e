#include "daemon/rpc/pem_file.h"

#include <fstream>

#include <absl/status/status.h>
#include <fmt/format.h>

namespace squall {
namespace {

constexpr size_t kPemBytesMax = 1 << 20;

}  // namespace

absl::StatusOr<std::string> ReadPemFile(std::string_view flag, const std::string& path) {
  std::string text;
  if (path.empty()) {
    return text;
  }
  std::ifstream file(path, std::ios::binary);
  text.resize(kPemBytesMax + 1);
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<size_t>(file.gcount()));
  if (text.empty() || text.size() > kPemBytesMax) {
    return absl::NotFoundError(
        fmt::format("{} must be a readable file of at most 1 MiB, got '{}'", flag, path));
  }
  return text;
}

}  // namespace squall
