#include "operator/kube/api/watch_frames.h"

#include <utility>

#include <boost/json/error.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <fmt/format.h>

#include "daemon/base/status_macros.h"
#include "operator/kube/api/kube_error.h"
#include "operator/kube/api/object.h"

namespace squall {
namespace {

namespace json = boost::json;

constexpr size_t kJsonDepthMax = 128;

std::optional<WatchEvent::Type> TypeOf(std::string_view name) {
  using Type = WatchEvent::Type;
  for (const Type type : {Type::kAdded, Type::kModified, Type::kDeleted, Type::kBookmark}) {
    if (WatchTypeName(type) == name) {
      return type;
    }
  }
  return std::nullopt;
}

}  // namespace

std::string_view WatchTypeName(WatchEvent::Type type) {
  switch (type) {
    case WatchEvent::Type::kAdded:
      return "ADDED";
    case WatchEvent::Type::kModified:
      return "MODIFIED";
    case WatchEvent::Type::kDeleted:
      return "DELETED";
    case WatchEvent::Type::kBookmark:
      return "BOOKMARK";
  }
  return "";
}

absl::StatusOr<json::object> ParseJsonObject(std::string_view text) {
  json::parse_options options;
  options.max_depth = kJsonDepthMax;
  json::error_code error;
  json::value value = json::parse(json::string_view(text.data(), text.size()), error, {}, options);
  if (error) {
    return absl::InvalidArgumentError(fmt::format("must be JSON: {}", error.message()));
  }
  if (!value.is_object()) {
    return absl::InvalidArgumentError("must be a JSON object");
  }
  return std::move(value.get_object());
}

absl::StatusOr<std::optional<WatchEvent>> ParseWatchEvent(std::string_view line) {
  absl::StatusOr<json::object> event = ParseJsonObject(line);
  if (!event.ok()) {
    return absl::UnavailableError(
        fmt::format("a watch event {}", std::string(event.status().message())));
  }
  const std::string type_name = StringAt(*event, "type");
  json::value* object = event->if_contains("object");
  if (type_name.empty() || object == nullptr || !object->is_object()) {
    return absl::UnavailableError("a watch event must have a type and an object");
  }
  if (type_name == "ERROR") {
    return ToStatus(KubeErrorFromStatus(object->get_object()), "watch");
  }
  const std::optional<WatchEvent::Type> type = TypeOf(type_name);
  if (!type) {
    return std::nullopt;
  }
  return WatchEvent{*type, std::move(object->get_object())};
}

absl::Status WatchFrames::Add(std::string_view chunk) {
  constexpr size_t kWorthMoving = 64 << 10;
  if (begin_ == buffer_.size() || (begin_ > kWorthMoving && begin_ > buffer_.size() / 2)) {
    buffer_.erase(0, begin_);
    scanned_ -= begin_;
    tail_ -= begin_;
    begin_ = 0;
  }
  const size_t last_end = chunk.rfind('\n');
  if (last_end != std::string_view::npos) {
    tail_ = buffer_.size() + last_end + 1;
  }
  if (buffer_.size() + chunk.size() - tail_ > line_bytes_max_) {
    return absl::UnavailableError(
        fmt::format("a watch event must be at most {} bytes long", line_bytes_max_));
  }
  buffer_ += chunk;
  return absl::OkStatus();
}

std::optional<std::string_view> WatchFrames::Next() {
  while (true) {
    const size_t end = buffer_.find('\n', scanned_);
    if (end == std::string::npos) {
      scanned_ = buffer_.size();
      return std::nullopt;
    }
    std::string_view line(buffer_.data() + begin_, end - begin_);
    begin_ = scanned_ = end + 1;
    if (!line.empty() && line.back() == '\r') {
      line.remove_suffix(1);
    }
    if (!line.empty()) {
      return line;
    }
  }
}

}  // namespace squall
