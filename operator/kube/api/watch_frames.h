// A watch's body: one JSON object a line, in chunks that respect nothing. Sans-IO; one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <boost/json/object.hpp>

namespace squall {

struct WatchEvent {
  enum class Type : uint8_t { kAdded, kModified, kDeleted, kBookmark };
  Type type = Type::kAdded;
  // The object's state; its last one when deleted. A bookmark has only metadata.resourceVersion,
  // and maybe annotations.
  boost::json::object object;
};

std::string_view WatchTypeName(WatchEvent::Type type);  // "ADDED", …

// JSON as the API server nests it: deeper than Boost.JSON's default of 32. INVALID_ARGUMENT says
// what is wrong, or that the text is no object.
absl::StatusOr<boost::json::object> ParseJsonObject(std::string_view text);

// One line. An ERROR event is returned as its Status (410 is OUT_OF_RANGE); a line that is no event
// is UNAVAILABLE: the stream cannot be trusted, so list again. Unknown types are nullopt.
absl::StatusOr<std::optional<WatchEvent>> ParseWatchEvent(std::string_view line);

class WatchFrames final {
 public:
  static constexpr size_t kLineBytesMax = size_t{16} << 20;
  explicit WatchFrames(size_t line_bytes_max = kLineBytesMax) : line_bytes_max_(line_bytes_max) {}

  // Takes the next bytes; fetch the whole lines in between. UNAVAILABLE once a line that has not
  // ended is longer than the limit.
  absl::Status Add(std::string_view chunk);
  // The next whole line, without its end; blank lines are skipped. Good until the next call.
  std::optional<std::string_view> Next();
  // Bytes of a line that has not ended: what a connection that broke has cut off.
  size_t pending() const { return buffer_.size() - begin_; }

 private:
  const size_t line_bytes_max_;
  std::string buffer_;
  size_t begin_ = 0;    // of the first line that was not handed out
  size_t scanned_ = 0;  // no line ends between begin_ and here
  size_t tail_ = 0;     // behind the last end of a line
};

}  // namespace squall
