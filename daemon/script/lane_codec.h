// The messages between this process and squall-python (lane.proto) as frames on a socket: four
// bytes of length, little endian, then the message. Both ends use this.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <google/protobuf/message_lite.h>

#include "daemon/plan/load_change.h"

namespace squall {

namespace v1 {
class LaneChange;
class LaneCommand;
class LaneEvent;
}  // namespace v1

inline constexpr size_t kLaneFrameBytesMax = size_t{64} << 20;

// A frame ready to be written. INVALID_ARGUMENT when the message is too long.
absl::StatusOr<std::string> LaneFrame(const google::protobuf::MessageLite& message);

// Writes all of it and waits while the other end is slow, also on a socket that does not block.
// UNAVAILABLE when the other end is closed. One writer at a time.
absl::Status WriteLane(int fd, std::string_view frame);
absl::Status WriteLaneCommand(int fd, const v1::LaneCommand& command);
absl::Status WriteLaneEvent(int fd, const v1::LaneEvent& event);

// Makes messages of the bytes that come from a socket, in whatever pieces. One thread.
class LaneReader final {
 public:
  void Add(std::string_view bytes);
  // Parses the next whole message; false when more bytes are needed. INVALID_ARGUMENT for a frame
  // that is too long or holds no such message; from then on always.
  absl::StatusOr<bool> Next(google::protobuf::MessageLite* message);

 private:
  std::string buffer_;
  size_t used_ = 0;  // bytes of the buffer that have been given out
  absl::Status broken_;
};

void LaneChangeToProto(const LoadChange& change, v1::LaneChange* proto);
absl::StatusOr<LoadChange> LaneChangeFromProto(const v1::LaneChange& proto);

}  // namespace squall
