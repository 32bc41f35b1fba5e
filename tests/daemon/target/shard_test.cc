#include "daemon/target/shard.h"

#include <thread>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/daemon/target/test_client.h"

namespace squall {
namespace {

TEST(TargetShardTest, ClosesConnectionsThatSendNothing) {
  TargetServerOptions options;
  options.limits.idle_timeout = std::chrono::milliseconds(40);
  const RunningTarget target(options);
  TestClient silent(target.port());
  EXPECT_EQ(silent.ReadUntilClose(), "");
  TestClient half(target.port());
  ASSERT_TRUE(half.Send("GET /products HTTP/1.1\r\n"));
  EXPECT_EQ(half.ReadUntilClose(), "");
}

TEST(TargetShardTest, AnAnswerInTheMakingIsNotIdle) {
  TargetServerOptions options;
  options.limits.idle_timeout = std::chrono::milliseconds(20);
  const RunningTarget target(options);
  // A busy machine may let the time-out pass before the request is sent, hence more than one try.
  int status = 0;
  for (int attempt = 0; attempt < 50 && status == 0; ++attempt) {
    TestClient client(target.port());
    status = StatusOf(client.Ask(Get("/delay/200")));
  }
  EXPECT_EQ(status, 200);
}

TEST(TargetShardTest, ADrainFinishesOpenRequestsAndClosesIdleConnections) {
  RunningTarget target;
  TestClient idle(target.port());
  ASSERT_EQ(StatusOf(idle.Ask(Get("/healthz"))), 200);
  TestClient busy(target.port());
  ASSERT_TRUE(busy.Send(Get("/delay/100")));
  target.AwaitRequests(1);
  const uint16_t port = target.port();
  std::thread stopper([&target] { target.server->Stop(std::chrono::minutes(1)); });
  EXPECT_EQ(idle.ReadUntilClose(), "");
  EXPECT_EQ(StatusOf(busy.ReadUntilClose()), 200);
  stopper.join();
  EXPECT_EQ(target.counters.OpenConnections(), 0U);
  EXPECT_EQ(TestClient(port).error(), "Connection refused");
}

TEST(TargetShardTest, ADrainGivesUpAtItsDeadline) {
  RunningTarget target;
  TestClient busy(target.port());
  ASSERT_TRUE(busy.Send(Get("/delay/60000")));
  TestClient half(target.port());
  ASSERT_TRUE(half.Send("GET /products HTTP/1.1\r\n"));
  target.AwaitRequests(1);
  target.server->Stop(std::chrono::milliseconds(1));
  EXPECT_EQ(busy.ReadUntilClose(), "");
  EXPECT_EQ(half.ReadUntilClose(), "");
}

TEST(TargetShardTest, AStalledServerCanBeStopped) {
  RunningTarget target;
  target.stall.StallUntil(target.clock.Now() + std::chrono::hours(1));
  TestClient client(target.port());
  ASSERT_TRUE(client.Send(Get("/products/1")));
  target.AwaitRequests(1);
  target.server->Stop(std::chrono::milliseconds(1));
  EXPECT_EQ(client.ReadUntilClose(), "");
}

}  // namespace
}  // namespace squall
