#include "daemon/sinks/datagram_peer.h"

#include <memory>

#include <gtest/gtest.h>

#include "tests/daemon/sinks/test_datagrams.h"

namespace squall {
namespace {

constexpr WallTime kStart(std::chrono::seconds(1'700'000'000));

// A name whose address the test changes, on the port of the first receiver.
class DatagramPeerTest : public testing::Test {
 protected:
  DatagramPeer MakePeer(std::function<bool(const sockaddr_storage&)> allows = nullptr) {
    return DatagramPeer("statsd.test:" + std::to_string(first_->port()), std::move(allows),
                        [this](const std::string& host, const std::string& port) {
                          EXPECT_EQ(host, "statsd.test");
                          ++look_ups_;
                          std::vector<DatagramAddress> found;
                          for (const std::string& each : addresses_) {
                            found.push_back(LookUpDatagram(each, port).at(0));
                          }
                          return found;
                        });
  }

  std::unique_ptr<TestDatagrams> first_ = std::make_unique<TestDatagrams>();
  const TestDatagrams second_{"127.0.0.2", first_->port()};
  std::vector<std::string> addresses_ = {"127.0.0.1"};
  int look_ups_ = 0;
};

TEST_F(DatagramPeerTest, DatagramsArriveAndANameIsLookedUpOnce) {
  DatagramPeer peer = MakePeer();
  EXPECT_TRUE(peer.Send({"a", "b"}, kStart).ok());
  EXPECT_TRUE(peer.Send({"c"}, kStart + std::chrono::seconds(59)).ok());
  for (const char* each : {"a", "b", "c", ""}) {
    EXPECT_EQ(first_->Take(), each);
  }
  EXPECT_EQ(look_ups_, 1);
}

TEST_F(DatagramPeerTest, AfterAFailureTheNameIsLookedUpAnew) {
  DatagramPeer peer = MakePeer();
  EXPECT_TRUE(peer.Send({"a"}, kStart).ok());
  first_ = nullptr;
  EXPECT_EQ(peer.Send({"b"}, kStart), absl::UnavailableError("nobody listens there"));
  addresses_ = {"127.0.0.2"};
  EXPECT_TRUE(peer.Send({"c"}, kStart).ok());
  EXPECT_EQ(second_.Take(), "c");
}

TEST_F(DatagramPeerTest, WhereNobodyListensAtOneAddressTheNextOneGetsAllOfIt) {
  addresses_ = {"127.0.0.3", "127.0.0.2"};
  DatagramPeer peer = MakePeer();
  EXPECT_TRUE(peer.Send({"a", "b"}, kStart).ok());
  EXPECT_EQ(second_.Take(), "a");
  EXPECT_EQ(second_.Take(), "b");
  EXPECT_TRUE(peer.Send({"c"}, kStart + std::chrono::seconds(61)).ok());  // looked up anew
  EXPECT_EQ(second_.Take(), "c");
  addresses_ = {"127.0.0.3", "127.0.0.4"};
  EXPECT_EQ(peer.Send({"d"}, kStart + std::chrono::seconds(122)),
            absl::UnavailableError("nobody listens there"));
}

TEST_F(DatagramPeerTest, AfterAMinuteTheNameIsLookedUpAnew) {
  DatagramPeer peer = MakePeer();
  EXPECT_TRUE(peer.Send({"a"}, kStart).ok());
  addresses_ = {"127.0.0.2"};
  EXPECT_TRUE(peer.Send({"b"}, kStart + std::chrono::seconds(60)).ok());
  EXPECT_EQ(second_.Take(), "b");
  addresses_ = {};  // the old address goes on
  EXPECT_TRUE(peer.Send({"c"}, kStart + std::chrono::seconds(120)).ok());
  EXPECT_EQ(second_.Take(), "c");
  EXPECT_EQ(look_ups_, 3);
}

// The socket of ours that is connected to this port of 127.0.0.1.
int SocketTo(int port) {
  for (int fd = 3; fd < 1024; ++fd) {
    sockaddr_in peer{};
    socklen_t size = sizeof(peer);
    if (getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &size) == 0 &&
        peer.sin_family == AF_INET && ntohs(peer.sin_port) == port) {
      return fd;
    }
  }
  return -1;
}

// As from another machine, where the news takes longer than the call.
TEST_F(DatagramPeerTest, NewsOfAFailureThatComeLateFailTheNextCall) {
  DatagramPeer peer = MakePeer();
  EXPECT_TRUE(peer.Send({"a"}, kStart).ok());
  const int port = first_->port();
  first_ = nullptr;
  EXPECT_EQ(send(SocketTo(port), "late", 4, MSG_NOSIGNAL), 4);
  addresses_ = {"127.0.0.2"};
  EXPECT_EQ(peer.Send({"b"}, kStart), absl::UnavailableError("nobody listens there"));
  EXPECT_EQ(second_.Take(), "");
  EXPECT_TRUE(peer.Send({"c"}, kStart).ok());
  EXPECT_EQ(second_.Take(), "c");
}

TEST_F(DatagramPeerTest, OnlyAddressesThatAreAllowedGetAnything) {
  const auto allows_second = [](const sockaddr_storage& address) {
    return reinterpret_cast<const sockaddr_in&>(address).sin_addr.s_addr == inet_addr("127.0.0.2");
  };
  DatagramPeer peer = MakePeer(allows_second);
  EXPECT_EQ(peer.Send({"a"}, kStart).code(), absl::StatusCode::kPermissionDenied);
  addresses_ = {"127.0.0.1", "127.0.0.2"};
  EXPECT_TRUE(peer.Send({"b"}, kStart).ok());
  EXPECT_EQ(first_->Take(), "");
  EXPECT_EQ(second_.Take(), "b");
}

TEST_F(DatagramPeerTest, ANameThatDoesNotResolveSaysSo) {
  DatagramPeer peer("no..name:8125", nullptr);
  EXPECT_EQ(peer.Send({"a"}, kStart),
            absl::UnavailableError("its name must resolve, and does not"));
  EXPECT_FALSE(LookUpDatagram("localhost", "8125").empty());
}

}  // namespace
}  // namespace squall
