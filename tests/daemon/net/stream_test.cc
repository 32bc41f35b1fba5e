#include "daemon/net/stream.h"

#include <array>
#include <cerrno>
#include <future>
#include <string>
#include <sys/socket.h>
#include <tuple>
#include <unistd.h>
#include <vector>

#include <gtest/gtest.h>

#include "tests/daemon/net/manual_loop.h"
#include "tests/daemon/net/peer.h"
#include "tests/daemon/net/stream_fixture.h"

namespace squall {
namespace {

using Kind = IoResult::Kind;
using std::chrono::seconds;

TEST(ParseIpEndpointTest, ReadsAddressesAndLeavesNamesAlone) {
  Endpoint endpoint;
  ASSERT_TRUE(ParseIpEndpoint("10.1.2.3", 80, &endpoint));
  EXPECT_EQ(endpoint.address.ss_family, AF_INET);
  EXPECT_EQ(ntohs(reinterpret_cast<sockaddr_in*>(&endpoint.address)->sin_port), 80);
  ASSERT_TRUE(ParseIpEndpoint("::1", 443, &endpoint));
  EXPECT_EQ(endpoint.address.ss_family, AF_INET6);
  EXPECT_EQ(ntohs(reinterpret_cast<sockaddr_in6*>(&endpoint.address)->sin6_port), 443);
  for (const char* name : {"localhost", "10.1.2", "10.1.2.3.4", "[::1]", "", "10.1.2.3:80"}) {
    EXPECT_FALSE(ParseIpEndpoint(name, 80, &endpoint)) << name;
  }
}

class StreamTest : public StreamFixture {};

TEST_F(StreamTest, ExchangesBytesWithItsPeer) {
  Peer peer([](int fd) { SendAll(fd, ReceiveExactly(fd, 4) + " pong"); });
  EXPECT_FALSE(stream.open());
  ASSERT_TRUE(Connect(peer.endpoint()).ok());
  EXPECT_TRUE(stream.open());
  EXPECT_FALSE(stream.tls());
  EXPECT_TRUE(Write("ping"));
  EXPECT_EQ(Read(9), "ping pong");
}

TEST_F(StreamTest, ConnectingToAPortWhereNobodyListensIsRefused) {
  Endpoint endpoint;
  const int bound = BindLoopback(&endpoint);  // keeps the port from others
  const NetError error = Connect(endpoint);
  EXPECT_EQ(error.kind, NetError::Kind::kRefused);
  EXPECT_EQ(error.text, "connection refused");
  EXPECT_FALSE(stream.open());
  close(bound);
}

TEST_F(StreamTest, CanConnectAgainAfterAFailureAndAfterAClose) {
  Endpoint nowhere;
  const int bound = BindLoopback(&nowhere);
  EXPECT_FALSE(Connect(nowhere).ok());
  close(bound);
  for (const char* text : {"one", "two"}) {
    Peer peer([text](int fd) { SendAll(fd, text); });
    ASSERT_TRUE(Connect(peer.endpoint()).ok());
    EXPECT_EQ(Read(3), text);
    stream.Close();
    stream.Close();
    EXPECT_FALSE(stream.open());
    EXPECT_FALSE(stream.Reusable());
  }
}

TEST_F(StreamTest, TellsWhenTheBytesArrivedHoweverLateTheyAreRead) {
  Peer peer([](int fd) {
    while (ReceiveExactly(fd, 4) == "ping") {
      SendAll(fd, "pong");
    }
  });
  ASSERT_TRUE(Connect(peer.endpoint()).ok());
  EXPECT_TRUE(Write("ping"));
  EXPECT_EQ(Read(4), "pong");
  EXPECT_EQ(last.arrived_at, WallTime{}) << "nobody asked";
  stream.EnableArrivalTimes();
  WallTime before;
  WallTime seen;
  // The kernel begins to stamp a moment after the first socket of the machine has asked for it.
  for (int i = 0; i < 10'000 && last.arrived_at == WallTime{}; ++i) {
    before = clock.Wall();
    EXPECT_TRUE(Write("ping"));
    Read(1);
    seen = clock.Wall();
    EXPECT_EQ(Read(3), "ong");
  }
  EXPECT_GE(last.arrived_at, before);
  EXPECT_LE(last.arrived_at, seen);
  stream.Close();
}

TEST_F(StreamTest, AShortBufferReadsABitAtATime) {
  Peer peer([](int fd) {
    SendAll(fd, "0123456789");
    ReceiveExactly(fd, 1);  // stays open
  });
  ASSERT_TRUE(Connect(peer.endpoint()).ok());
  ASSERT_EQ(WaitReadable(Deadline()), Wake::kReady);
  std::string text;
  std::array<char, 4> buffer{};
  for (const size_t expected : {4, 4, 2}) {
    const IoResult got = stream.TryReceive(buffer.data(), buffer.size());
    ASSERT_EQ(got.kind, Kind::kDone);
    ASSERT_EQ(got.bytes, expected);
    text.append(buffer.data(), got.bytes);
    // Full buffers leave the edge standing: there may be more.
    EXPECT_EQ(stream.Reusable(), expected == 2);
  }
  EXPECT_EQ(text, "0123456789");
  EXPECT_EQ(stream.TryReceive(buffer.data(), buffer.size()).kind, Kind::kWouldBlock);
  Write("x");
}

TEST_F(StreamTest, WaitsForRoomWhenThePeerDoesNotRead) {
  const std::string data = PatternText(16 << 20);
  std::promise<void> blocked;
  std::promise<std::string> received;
  Peer peer([&](int fd) {
    blocked.get_future().wait();
    received.set_value(ReceiveExactly(fd, data.size()));
  });
  ASSERT_TRUE(Connect(peer.endpoint()).ok());
  bool did_block = false;
  on_write_blocks = [&] {
    did_block = true;
    blocked.set_value();
  };
  EXPECT_TRUE(Write(data));
  EXPECT_TRUE(did_block);
  EXPECT_TRUE(received.get_future().get() == data);
}

TEST_F(StreamTest, ReceivesMoreThanABufferHolds) {
  const std::string data = PatternText(5 << 20);
  Peer peer([&data](int fd) { SendAll(fd, data); });
  ASSERT_TRUE(Connect(peer.endpoint()).ok());
  EXPECT_TRUE(Read(data.size()) == data);
}

TEST_F(StreamTest, AnIdleConnectionIsReusableUntilThePeerClosesIt) {
  std::promise<void> close_now;
  Peer peer([&close_now](int) { close_now.get_future().wait(); });
  ASSERT_TRUE(Connect(peer.endpoint()).ok());
  EXPECT_TRUE(stream.Reusable());
  close_now.set_value();
  ASSERT_EQ(WaitReadable(Deadline()), Wake::kReady);
  EXPECT_FALSE(stream.Reusable());
  EXPECT_EQ(Read(1), "");
  EXPECT_EQ(last.kind, Kind::kClosed);
}

TEST_F(StreamTest, AConnectionWithUnaskedBytesIsNotReusable) {
  Peer peer([](int fd) {
    SendAll(fd, "HTTP/1.1 408 Request Timeout\r\n");
    ReceiveExactly(fd, 1);
  });
  ASSERT_TRUE(Connect(peer.endpoint()).ok());
  ASSERT_EQ(WaitReadable(Deadline()), Wake::kReady);
  EXPECT_FALSE(stream.Reusable());
  stream.Close();
}

TEST_F(StreamTest, WhatCameBeforeTheCloseIsStillRead) {
  Peer peer([](int fd) { SendAll(fd, "last words"); });
  ASSERT_TRUE(Connect(peer.endpoint()).ok());
  EXPECT_EQ(Read(100), "last words");
  EXPECT_EQ(last.kind, Kind::kClosed);
}

// Not before: a reset that comes too early is one of the connect.
void ResetAfterAByte(int fd) {
  ReceiveExactly(fd, 1);
  const linger hard{1, 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
}

TEST_F(StreamTest, AResetIsAnErrorWithItsNumber) {
  Peer peer(ResetAfterAByte);
  ASSERT_TRUE(Connect(peer.endpoint()).ok());
  EXPECT_TRUE(Write("x"));
  EXPECT_EQ(Read(1), "");
  EXPECT_EQ(last.kind, Kind::kError);
  EXPECT_EQ(NetErrorFromErrno(last.error).kind, NetError::Kind::kReset);
}

TEST_F(StreamTest, WritingIntoAClosedConnectionFailsAndDoesNotKillUs) {
  Peer peer(ResetAfterAByte);
  ASSERT_TRUE(Connect(peer.endpoint()).ok());
  EXPECT_TRUE(Write("x"));
  ASSERT_EQ(WaitReadable(Deadline()), Wake::kReady);
  EXPECT_FALSE(Write(PatternText(4 << 20)));
  EXPECT_EQ(last.kind, Kind::kError);
  EXPECT_EQ(NetErrorFromErrno(last.error).kind, NetError::Kind::kReset);
}

TEST_F(StreamTest, ACancelledUserWaitsForNothing) {
  Peer peer([](int fd) { ReceiveExactly(fd, 1); });
  ASSERT_TRUE(Connect(peer.endpoint()).ok());
  reactor->Cancel(&waiter);
  EXPECT_EQ(WaitReadable(Deadline()), Wake::kCancelled);
  stream.Close();
  EXPECT_EQ(Connect(peer.endpoint()).kind, NetError::Kind::kCancelled);
  EXPECT_FALSE(stream.open());
}

// Streams in time that stands still: a listener whose queue is full answers no one.
class SilentListener final {
 public:
  SilentListener() : fd_(BindLoopback(&endpoint)) {
    SQUALL_CHECK(listen(fd_, 0) == 0);
    for (int i = 0; i < 8; ++i) {
      const int filler = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
      // It must not come through.
      std::ignore =
          connect(filler, reinterpret_cast<const sockaddr*>(&endpoint.address), endpoint.length);
      fillers_.push_back(filler);
    }
  }
  SilentListener(const SilentListener&) = delete;
  SilentListener& operator=(const SilentListener&) = delete;
  ~SilentListener() {
    for (const int filler : fillers_) {
      close(filler);
    }
    close(fd_);
  }
  Endpoint endpoint;

 private:
  int fd_;
  std::vector<int> fillers_;
};

class StreamTimeoutTest : public testing::Test {
 public:
  ~StreamTimeoutTest() override { loop.reactor()->Forget(&waiter); }

 protected:
  TimePoint In(Nanos span) { return loop.clock().Now() + span; }
  // Starts and lets the loop turn a few times, in which nothing should end it.
  void Begin(Co<NetError> connect) {
    root = Store(std::move(connect), &error, &done);
    root.Start();
    for (int i = 0; i < 10; ++i) {
      loop.Turn();
    }
  }

  static Co<void> Store(Co<NetError> task, NetError* error, bool* done) {
    *error = co_await std::move(task);
    *done = true;
  }

  ManualLoop loop;
  Waiter waiter;
  Stream stream{loop.reactor(), &waiter};
  NetError error;
  bool done = false;
  Co<void> root;
};

TEST_F(StreamTimeoutTest, AConnectThatNobodyAnswersTimesOut) {
  SilentListener listener;
  Begin(stream.Connect(listener.endpoint, In(seconds(10))));
  ASSERT_FALSE(done);
  loop.Turn(seconds(10));
  ASSERT_TRUE(done);
  EXPECT_EQ(error.kind, NetError::Kind::kTimedOut);
  EXPECT_EQ(error.text, "timed out (connect)");
  EXPECT_FALSE(stream.open());
}

TEST_F(StreamTimeoutTest, AConnectCanBeCancelled) {
  SilentListener listener;
  Begin(stream.Connect(listener.endpoint, In(seconds(10))));
  ASSERT_FALSE(done);
  loop.reactor()->Cancel(&waiter);
  loop.Turn();
  ASSERT_TRUE(done);
  EXPECT_EQ(error.kind, NetError::Kind::kCancelled);
  EXPECT_FALSE(stream.open());
}

TEST_F(StreamTimeoutTest, AHandshakeThatNobodyAnswersTimesOut) {
  Endpoint endpoint;
  const int listener = BindLoopback(&endpoint);
  ASSERT_EQ(listen(listener, 8), 0);  // the kernel connects, and nobody reads
  const auto context = TlsContext::Make({});
  ASSERT_TRUE(context.ok()) << context.status();
  Begin(stream.Connect(endpoint, In(seconds(10))));
  ASSERT_TRUE(loop.TurnUntil([this] { return done; })) << "the kernel connects by itself";
  ASSERT_TRUE(error.ok()) << error.text;
  done = false;
  Begin(stream.Handshake(context->get(), "localhost", In(seconds(5))));
  ASSERT_FALSE(done);
  loop.Turn(seconds(5));
  ASSERT_TRUE(done);
  EXPECT_EQ(error.kind, NetError::Kind::kTimedOut);
  EXPECT_EQ(error.text, "timed out (TLS handshake)");
  stream.Close();
  close(listener);
}

}  // namespace
}  // namespace squall
