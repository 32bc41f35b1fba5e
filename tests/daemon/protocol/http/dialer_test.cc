#include "daemon/protocol/http/dialer.h"

#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "tests/daemon/net/await.h"
#include "tests/daemon/protocol/http/scripted_server.h"

namespace squall {
namespace {

using std::chrono::seconds;

class DialerTest : public testing::Test {
 public:
  ~DialerTest() override {
    stream.Close();
    reactor->Forget(&waiter);
    resolver_.Shutdown();
  }

 protected:
  NetError Dial(const Origin& to) {
    Route route;
    route.proxy = proxy.host.empty() ? nullptr : &proxy_url_;
    proxy_url_.origin = proxy;
    route.connect_timeout = seconds(20);
    route.tls_timeout = seconds(20);
    Dialer dialer(reactor.get(), &dns_, &allowed);
    return AwaitOn(reactor.get(), dialer.Dial(&stream, &waiter, &to, std::move(route),
                                              clock.Now() + seconds(20), &times));
  }

  SystemClock clock;
  const std::unique_ptr<Reactor> reactor = *Reactor::Make(&clock);
  Waiter waiter;
  Stream stream{reactor.get(), &waiter};
  TargetAllowList allowed;
  Origin proxy{false, "", 0};
  OpenTimes times;

 private:
  Url proxy_url_;
  Resolver resolver_;
  DnsCache dns_{reactor.get(), &resolver_, seconds(60)};
};

TEST_F(DialerTest, OpensAConnectionAndTimesWhatItTook) {
  ScriptedServer server({Answers({})});
  EXPECT_TRUE(Dial({false, "127.0.0.1", server.port()}).ok());
  EXPECT_TRUE(stream.open());
  EXPECT_GE(times.connect.count(), 0);
  EXPECT_EQ(times.dns.count(), -1) << "an address needs no look-up";
  EXPECT_EQ(times.tls.count(), -1);
}

TEST_F(DialerTest, ANameIsLookedUp) {
  ScriptedServer server({Answers({})});
  EXPECT_TRUE(Dial({false, "localhost", server.port()}).ok());
  EXPECT_GE(times.dns.count(), 0);
}

TEST_F(DialerTest, AClosedPortIsRefused) {
  EXPECT_EQ(Dial({false, "127.0.0.1", ClosedPort()}).kind, NetError::Kind::kRefused);
}

TEST_F(DialerTest, OnlyAllowedTargetsAreConnectedTo) {
  ScriptedServer server({});
  allowed = *ParseTargetAllowList({"10.0.0.0/8"});
  const NetError error = Dial({false, "127.0.0.1", server.port()});
  EXPECT_EQ(error.kind, NetError::Kind::kForbidden);
  EXPECT_EQ(error.text, "target not allowed by the agent");
  EXPECT_EQ(server.connections(), 0);
}

TEST_F(DialerTest, TlsWithoutAContextIsALackOfMemory) {
  ScriptedServer server({Answers({})});
  EXPECT_EQ(Dial({true, "127.0.0.1", server.port()}).kind, NetError::Kind::kMemory);
}

TEST_F(DialerTest, AProxyThatRefusesIsQuoted) {
  ScriptedServer server({Once("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")});
  proxy = {false, "127.0.0.1", server.port()};
  EXPECT_EQ(Dial({true, "shop.test", 443}).text, "proxy: CONNECT refused with 403");
}

}  // namespace
}  // namespace squall
