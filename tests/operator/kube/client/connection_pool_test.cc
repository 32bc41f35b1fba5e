#include "operator/kube/client/connection_pool.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/ssl/context.hpp>
#include <gtest/gtest.h>

#include "daemon/base/clock.h"
#include "tests/operator/kube/client/scripted_server.h"

namespace squall {
namespace {

namespace http = boost::beast::http;

class ConnectionPoolTest : public testing::Test {
 protected:
  ConnectionPoolTest()
      : server_(Answering([](const auto&) { return AnswerText(200, "{}"); })),
        route_{*ParseServerUrl("server", server_.Url()), std::nullopt, ""},
        pool_(&clock_) {}

  // A connection that has answered once.
  std::unique_ptr<KubeConnection> Used(uint64_t generation = 0) {
    auto connection = std::make_unique<KubeConnection>(&route_, TlsKeeper::Current{{}, generation});
    EXPECT_TRUE(connection->Open(std::chrono::seconds(60)).status.ok());
    KubeRequest request(http::verb::get, "/", 11);
    request.set(http::field::host, "h");
    EXPECT_TRUE(connection->Begin(request, std::chrono::seconds(60), 1000).status.ok());
    std::string body;
    EXPECT_TRUE(connection->ReadBody(&body).status.ok());
    return connection;
  }

  ManualClock clock_;
  ScriptedApiServer server_;
  KubeRoute route_;
  KubeConnectionPool pool_;
};

TEST_F(ConnectionPoolTest, GivesTheLastOneBackFirst) {
  EXPECT_EQ(pool_.Take(0), nullptr);
  auto one = Used();
  auto two = Used();
  KubeConnection* const first = one.get();
  KubeConnection* const second = two.get();
  pool_.GiveBack(std::move(one));
  pool_.GiveBack(std::move(two));
  EXPECT_EQ(pool_.Take(0).get(), second);
  EXPECT_EQ(pool_.Take(0).get(), first);
  EXPECT_EQ(pool_.Take(0), nullptr);
}

TEST_F(ConnectionPoolTest, DropsWhatWasIdleTooLong) {
  pool_.GiveBack(Used());
  clock_.Advance(KubeConnectionPool::kIdleTime);
  EXPECT_EQ(pool_.Take(0), nullptr);
}

TEST_F(ConnectionPoolTest, DropsWhatTrustsAnOldCa) {
  pool_.GiveBack(Used(1));
  EXPECT_EQ(pool_.Take(2), nullptr);
  EXPECT_EQ(pool_.Take(1), nullptr);
}

TEST_F(ConnectionPoolTest, KeepsNoneThatWasNotReadToItsEnd) {
  pool_.GiveBack(std::make_unique<KubeConnection>(&route_, TlsKeeper::Current{}));
  EXPECT_EQ(pool_.Take(0), nullptr);
}

TEST_F(ConnectionPoolTest, KeepsABoundedNumberAndCanForgetThemAll) {
  for (size_t i = 0; i < KubeConnectionPool::kIdleMax + 3; ++i) {
    pool_.GiveBack(Used());
  }
  std::vector<std::unique_ptr<KubeConnection>> taken;
  while (auto connection = pool_.Take(0)) {
    taken.push_back(std::move(connection));
  }
  EXPECT_EQ(taken.size(), KubeConnectionPool::kIdleMax);
  pool_.GiveBack(std::move(taken.back()));
  pool_.Clear();
  EXPECT_EQ(pool_.Take(0), nullptr);
}

}  // namespace
}  // namespace squall
