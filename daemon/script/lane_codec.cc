#include "daemon/script/lane_codec.h"

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <poll.h>
#include <sys/socket.h>

#include <fmt/format.h>

#include "daemon/base/status_macros.h"
#include "daemon/wire/load_change_proto.h"
#include "daemon/wire/time_proto.h"
#include "protos/squall/v1/lane.pb.h"

namespace squall {
namespace {

constexpr size_t kHeadBytes = 4;
// What was read is thrown away when it is more than this: not after each of many small messages.
constexpr size_t kSpentBytesMax = size_t{64} << 10;

uint32_t FrameLength(std::string_view head) {
  uint32_t length = 0;
  for (size_t i = 0; i < kHeadBytes; ++i) {
    length |= static_cast<uint32_t>(static_cast<unsigned char>(head[i])) << (8 * i);
  }
  return length;
}

absl::Status TooLong(size_t bytes) {
  return absl::InvalidArgumentError(fmt::format(
      "a message of the lane must be at most {} bytes long, got {}", kLaneFrameBytesMax, bytes));
}

}  // namespace

absl::StatusOr<std::string> LaneFrame(const google::protobuf::MessageLite& message) {
  const size_t bytes = message.ByteSizeLong();
  if (bytes > kLaneFrameBytesMax) {
    return TooLong(bytes);
  }
  std::string frame;
  frame.reserve(kHeadBytes + bytes);
  for (size_t i = 0; i < kHeadBytes; ++i) {
    frame += static_cast<char>(bytes >> (8 * i) & 0xff);
  }
  message.AppendToString(&frame);
  return frame;
}

absl::Status WriteLane(int fd, std::string_view frame) {
  while (!frame.empty()) {
    const ssize_t written = send(fd, frame.data(), frame.size(), MSG_NOSIGNAL);
    if (written >= 0) {
      frame.remove_prefix(static_cast<size_t>(written));
    } else if (errno == EAGAIN) {
      pollfd writable{fd, POLLOUT, 0};
      poll(&writable, 1, -1);
    } else if (errno != EINTR) {
      return absl::UnavailableError(
          fmt::format("the other end of the lane is gone: {}", std::strerror(errno)));
    }
  }
  return absl::OkStatus();
}

absl::Status WriteLaneCommand(int fd, const v1::LaneCommand& command) {
  SQUALL_ASSIGN_OR_RETURN(const std::string frame, LaneFrame(command));
  return WriteLane(fd, frame);
}

absl::Status WriteLaneEvent(int fd, const v1::LaneEvent& event) {
  SQUALL_ASSIGN_OR_RETURN(const std::string frame, LaneFrame(event));
  return WriteLane(fd, frame);
}

void LaneReader::Add(std::string_view bytes) {
  if (broken_.ok()) {
    buffer_ += bytes;
  }
}

absl::StatusOr<bool> LaneReader::Next(google::protobuf::MessageLite* message) {
  SQUALL_RETURN_IF_ERROR(broken_);
  const std::string_view left = std::string_view(buffer_).substr(used_);
  if (left.size() < kHeadBytes) {
    return false;
  }
  const size_t length = FrameLength(left);
  if (length > kLaneFrameBytesMax) {
    broken_ = TooLong(length);
    return broken_;
  }
  if (left.size() < kHeadBytes + length) {
    return false;
  }
  if (!message->ParseFromArray(left.data() + kHeadBytes, static_cast<int>(length))) {
    broken_ = absl::InvalidArgumentError(
        fmt::format("a message of the lane must be a {}", message->GetTypeName()));
    return broken_;
  }
  used_ += kHeadBytes + length;
  if (used_ == buffer_.size() || used_ > kSpentBytesMax) {
    buffer_.erase(0, used_);
    used_ = 0;
  }
  return true;
}

void LaneChangeToProto(const LoadChange& change, v1::LaneChange* proto) {
  LoadChangeToProto(change, proto->mutable_load());
  NanosToProto(change.since, proto->mutable_since());
}

absl::StatusOr<LoadChange> LaneChangeFromProto(const v1::LaneChange& proto) {
  SQUALL_ASSIGN_OR_RETURN(LoadChange change, LoadChangeFromProto(proto.load()));
  const auto since = NanosFromProto(proto.since());
  if (!since.has_value()) {
    return absl::InvalidArgumentError("since must be a duration");
  }
  change.since = *since;
  return change;
}

}  // namespace squall
