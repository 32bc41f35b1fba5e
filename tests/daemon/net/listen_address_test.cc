#include "daemon/net/listen_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gtest/gtest.h>

namespace squall {
namespace {

TEST(ParseListenAddressTest, ReadsAddressesOfBothFamilies) {
  EXPECT_EQ(*ParseListenAddress("127.0.0.1:8082"), (ListenAddress{"127.0.0.1", 8082}));
  EXPECT_EQ(*ParseListenAddress("[::1]:0"), (ListenAddress{"::1", 0}));
  EXPECT_EQ(*ParseListenAddress("localhost:80"), (ListenAddress{"127.0.0.1", 80}));
}

TEST(ParseListenAddressTest, RefusesTheRest) {
  for (const char* text :
       {"", "8082", ":8082", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:65536",
        "127.0.0.1:-1", "::1:80", "[127.0.0.1]:80", "example.org:80", "127.0.0.1:80 "}) {
    EXPECT_FALSE(ParseListenAddress(text).ok()) << text;
  }
}

TEST(ParseListenAddressTest, WhatIsFormattedReadsBack) {
  for (const char* text : {"127.0.0.1:8082", "[::1]:1", "0.0.0.0:0"}) {
    EXPECT_EQ(FormatListenAddress(*ParseListenAddress(text)), text);
  }
}

TEST(CheckFreeTest, TellsATakenPortFromAFreeOne) {
  EXPECT_TRUE(CheckFree({"127.0.0.1", 0}).ok());
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in taken{};
  taken.sin_family = AF_INET;
  taken.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof taken;
  ASSERT_EQ(bind(fd, reinterpret_cast<const sockaddr*>(&taken), size), 0);
  ASSERT_EQ(listen(fd, 1), 0);
  ASSERT_EQ(getsockname(fd, reinterpret_cast<sockaddr*>(&taken), &size), 0);
  const absl::Status status = CheckFree({"127.0.0.1", ntohs(taken.sin_port)});
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_NE(status.message().find("in use"), absl::Status().message().npos) << status.message();
  close(fd);
}

TEST(IsLoopbackTest, KnowsWhoCanReachAnAddress) {
  EXPECT_TRUE(IsLoopback({"127.0.0.1", 1}));
  EXPECT_TRUE(IsLoopback({"127.9.9.9", 1}));
  EXPECT_TRUE(IsLoopback({"::1", 1}));
  EXPECT_FALSE(IsLoopback({"0.0.0.0", 1}));
  EXPECT_FALSE(IsLoopback({"::", 1}));
  EXPECT_FALSE(IsLoopback({"10.0.0.1", 1}));
}

}  // namespace
}  // namespace squall
