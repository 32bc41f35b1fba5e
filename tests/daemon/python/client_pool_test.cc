#include "daemon/python/client_pool.h"

#include <memory>

#include <gtest/gtest.h>

#include "daemon/net/reactor.h"
#include "tests/daemon/net/await.h"
#include "tests/daemon/protocol/http/scripted_server.h"

namespace squall {
namespace {

class ClientPoolTest : public testing::Test {
 protected:
  PooledConnection* Open() {
    PooledConnection* connection = pool.Add(origin, nullptr);
    Endpoint endpoint;
    EXPECT_TRUE(ParseIpEndpoint("127.0.0.1", server.port(), &endpoint));
    EXPECT_TRUE(AwaitOn(reactor.get(), connection->stream.Connect(endpoint, Reactor::kNever)).ok());
    return connection;
  }

  SystemClock clock;
  const std::unique_ptr<Reactor> reactor = *Reactor::Make(&clock);
  ScriptedServer server{{Answers({}), Answers({}), Answers({})}};
  const Origin origin{false, "127.0.0.1", server.port()};
  ClientPool pool{reactor.get()};
};

TEST_F(ClientPoolTest, OneThatIsInUseIsNotGivenToAnother) {
  PooledConnection* first = Open();
  EXPECT_EQ(pool.Take(origin, nullptr), nullptr);
  pool.GiveBack(first);
  EXPECT_EQ(pool.Take(origin, nullptr), first);
  EXPECT_EQ(pool.Take(origin, nullptr), nullptr);
}

TEST_F(ClientPoolTest, AnotherOriginNeedsAnotherConnection) {
  pool.GiveBack(Open());
  EXPECT_EQ(pool.Take({false, "127.0.0.1", 1}, nullptr), nullptr);
  EXPECT_EQ(pool.Take({true, "127.0.0.1", server.port()}, nullptr), nullptr);
}

TEST_F(ClientPoolTest, CloseAllSparesThoseInUseUntilTheyAreGivenBack) {
  PooledConnection* used = Open();
  pool.CloseAll();
  EXPECT_EQ(pool.size(), 1U);
  pool.GiveBack(used);
  EXPECT_EQ(pool.size(), 0U);
}

TEST_F(ClientPoolTest, KeepsTheTenLastUsed) {
  for (int i = 0; i < 12; ++i) {
    pool.GiveBack(pool.Add(origin, nullptr));
  }
  EXPECT_EQ(pool.size(), 10U);
}

}  // namespace
}  // namespace squall
