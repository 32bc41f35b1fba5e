// Bytes that claim to be a watch's body. The first byte says how they are cut into chunks: however
// they come, the lines are the same; each is an event, nothing, or an error that can be told.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/check.h"
#include "operator/kube/api/kube_error.h"
#include "operator/kube/api/watch_frames.h"

namespace squall {
namespace {

constexpr size_t kLineBytesMax = 4096;

// The lines up to the first that is too long.
std::vector<std::string> LinesIn(std::string_view text, size_t chunk_size) {
  WatchFrames frames(kLineBytesMax);
  std::vector<std::string> lines;
  for (size_t at = 0; at < text.size(); at += chunk_size) {
    if (!frames.Add(text.substr(at, chunk_size)).ok()) {
      break;
    }
    while (const auto line = frames.Next()) {
      SQUALL_CHECK(line->find('\n') == std::string_view::npos);
      lines.emplace_back(*line);
    }
    SQUALL_CHECK(frames.pending() <= kLineBytesMax);
  }
  return lines;
}

void Judge(const std::string& line) {
  const auto event = ParseWatchEvent(line);
  if (!event.ok()) {
    const std::string message(event.status().message());
    SQUALL_CHECK(message.find('\n') == std::string::npos && message.size() < 10'000);
    if (const auto error = KubeErrorOf(event.status())) {
      SQUALL_CHECK(ToStatus(*error).code() == event.status().code());
    }
  }
  const KubeError error = ReadKubeError(500, line);
  SQUALL_CHECK(KubeErrorOf(ToStatus(error)) == error);
}

void Try(std::string_view input) {
  const size_t chunk_size = input.empty() ? 1 : static_cast<uint8_t>(input[0]) + 1;
  const std::string_view text = input.substr(input.empty() ? 0 : 1);
  const std::vector<std::string> lines = LinesIn(text, chunk_size);
  if (text.size() < kLineBytesMax) {
    SQUALL_CHECK(lines == LinesIn(text, 1));
  }
  for (const std::string& line : lines) {
    Judge(line);
  }
}

}  // namespace
}  // namespace squall

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  squall::Try(std::string_view(reinterpret_cast<const char*>(data), size));
  return 0;
}
