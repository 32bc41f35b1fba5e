#include "daemon/script/lane_codec.h"

#include <string>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

#include <gtest/gtest.h>

#include "protos/squall/v1/lane.pb.h"

namespace squall {
namespace {

v1::LaneEvent Note(const std::string& kind, const std::string& json) {
  v1::LaneEvent event;
  event.mutable_note()->set_kind(kind);
  event.mutable_note()->set_json(json);
  return event;
}

TEST(LaneCodecTest, MessagesComeOutWholeHoweverTheBytesArrive) {
  std::string bytes = *LaneFrame(Note("a", "{}"));
  bytes += *LaneFrame(v1::LaneEvent());  // a message may be empty
  bytes += *LaneFrame(Note("c", std::string(100'000, 'x')));
  for (const size_t piece : {size_t{1}, size_t{3}, size_t{4096}, bytes.size()}) {
    LaneReader reader;
    std::string kinds;
    for (size_t at = 0; at < bytes.size(); at += piece) {
      reader.Add(std::string_view(bytes).substr(at, piece));
      v1::LaneEvent event;
      while (*reader.Next(&event)) {
        kinds += event.note().kind() + ",";
      }
    }
    EXPECT_EQ(kinds, "a,,c,") << "in pieces of " << piece;
  }
}

TEST(LaneCodecTest, AFrameThatIsTooLongOrNoMessageBreaksTheReaderForGood) {
  for (const std::string& bytes :
       {std::string("\xff\xff\xff\xff"), std::string("\2\0\0\0\7\7", 6)}) {
    LaneReader reader;
    reader.Add(bytes);
    v1::LaneEvent event;
    EXPECT_EQ(reader.Next(&event).status().code(), absl::StatusCode::kInvalidArgument);
    reader.Add(*LaneFrame(Note("a", "{}")));
    EXPECT_FALSE(reader.Next(&event).ok());
  }
}

TEST(LaneCodecTest, WritesAllToASlowReaderAndSaysWhenItIsGone) {
  int ends[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
  v1::LaneCommand command;
  command.mutable_note()->set_json(std::string(3 << 20, 'y'));
  std::thread writer([&] { EXPECT_TRUE(WriteLaneCommand(ends[0], command).ok()); });
  LaneReader reader;
  v1::LaneCommand read;
  char piece[65536];
  while (!*reader.Next(&read)) {
    const ssize_t got = recv(ends[1], piece, sizeof(piece), 0);
    if (got > 0) {
      reader.Add({piece, static_cast<size_t>(got)});
    }
  }
  writer.join();
  EXPECT_EQ(read.note().json().size(), size_t{3} << 20);
  close(ends[1]);
  EXPECT_EQ(WriteLaneCommand(ends[0], command).code(), absl::StatusCode::kUnavailable);
  close(ends[0]);
}

TEST(LaneCodecTest, AChangeOfLoadKeepsItsMoment) {
  v1::LaneChange proto;
  LaneChangeToProto({.since = std::chrono::milliseconds(1500), .users = 3, .spawn_rate = 2},
                    &proto);
  const absl::StatusOr<LoadChange> read = LaneChangeFromProto(proto);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->since, std::chrono::milliseconds(1500));
  EXPECT_EQ(read->users, 3u);
}

}  // namespace
}  // namespace squall
