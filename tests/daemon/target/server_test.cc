#include "daemon/target/server.h"

#include <thread>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/daemon/target/test_client.h"

namespace squall {
namespace {

TEST(TargetServerTest, PicksAPort) {
  const RunningTarget target;
  EXPECT_NE(target.port(), 0);
  EXPECT_EQ(target.server->address().host, "127.0.0.1");
}

TEST(TargetServerTest, APortInUseIsSaidInOneLine) {
  RunningTarget target;
  TargetServerOptions options;
  options.listen = target.server->address();
  const auto second = TargetServer::Start(
      options, {&target.router, &target.stall, &target.counters, &target.clock});
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(second.status().message(),
            fmt::format("listen on 127.0.0.1:{}: Address already in use", target.port()));
}

TEST(TargetServerTest, DealsConnectionsOutInTurn) {
  TargetServerOptions options;
  options.threads = 2;
  RunningTarget target(options);
  std::vector<std::unique_ptr<TestClient>> clients;
  for (int i = 0; i < 6; ++i) {
    clients.push_back(std::make_unique<TestClient>(target.port()));
    EXPECT_EQ(StatusOf(clients.back()->Ask(Get("/products/1"))), 200);
  }
  EXPECT_EQ(target.counters.slot(0).connections_accepted, 3U);
  EXPECT_EQ(target.counters.slot(1).connections_accepted, 3U);
}

TEST(TargetServerTest, ThreadsShareTheStock) {
  TargetServerOptions options;
  options.threads = 2;
  RunningTarget target(options);
  const int64_t before = target.store.Stock(0);
  std::vector<std::thread> buyers;
  for (int i = 0; i < 4; ++i) {
    buyers.emplace_back([port = target.port()] {
      TestClient client(port);
      for (int n = 0; n < 100; ++n) {
        EXPECT_EQ(StatusOf(client.Ask(Post("/products/buy", R"({"name":"Laptop","quantity":2})"))),
                  200);
      }
    });
  }
  for (std::thread& buyer : buyers) {
    buyer.join();
  }
  EXPECT_EQ(target.store.Stock(0), before - 800);
  EXPECT_EQ(target.counters.TotalRequests(), 400U);
}

TEST(TargetServerTest, ClosesConnectionsAboveTheLimit) {
  TargetServerOptions options;
  options.limits.connections_max = 2;
  RunningTarget target(options);
  TestClient first(target.port());
  TestClient second(target.port());
  EXPECT_EQ(StatusOf(first.Ask(Get("/healthz"))), 200);
  EXPECT_EQ(StatusOf(second.Ask(Get("/healthz"))), 200);
  TestClient third(target.port());
  EXPECT_EQ(third.ReadUntilClose(), "");
  EXPECT_EQ(target.counters.slot(0).connections_refused, 1U);
}

TEST(TargetServerTest, ThePlannedStallHoldsAnswers) {
  const RunningTarget target({}, {Nanos(0), std::chrono::milliseconds(150)});
  const TimePoint start = target.clock.Now();
  TestClient client(target.port());
  EXPECT_EQ(StatusOf(client.Ask(Get("/products/1"))), 200);
  EXPECT_GE(target.clock.Now(), target.stall.ReleaseTime(start));
}

TEST(TargetServerTest, StoppingTwiceIsHarmless) {
  RunningTarget target;
  target.server->Stop(Nanos(0));
  target.server->Stop(Nanos(0));
}

}  // namespace
}  // namespace squall
