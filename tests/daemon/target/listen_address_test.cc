#include "daemon/target/listen_address.h"

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
