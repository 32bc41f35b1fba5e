#include "daemon/net/resolver.h"

#include <algorithm>
#include <arpa/inet.h>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/daemon/net/await.h"
#include "tests/daemon/net/manual_loop.h"

namespace squall {
namespace {

using std::chrono::seconds;

// A label may have 63 characters: the system knows that without asking a server.
const std::string kImpossible = std::string(64, 'x') + ".example";

std::string TextOf(const Endpoint& endpoint) {
  char text[INET6_ADDRSTRLEN] = "?";
  if (endpoint.address.ss_family == AF_INET) {
    inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in*>(&endpoint.address)->sin_addr, text,
              sizeof(text));
  } else if (endpoint.address.ss_family == AF_INET6) {
    inet_ntop(AF_INET6, &reinterpret_cast<const sockaddr_in6*>(&endpoint.address)->sin6_addr, text,
              sizeof(text));
  }
  return text;
}

class DnsCacheTest : public testing::Test {
 public:
  ~DnsCacheTest() override { resolver.Shutdown(); }

 protected:
  DnsAnswer Resolve(const std::string& host) {
    Waiter waiter;
    DnsAnswer answer =
        AwaitOn(reactor.get(), cache.Resolve(host, &waiter, clock.Now() + seconds(60)));
    reactor->Forget(&waiter);
    return answer;
  }

  SystemClock clock;
  const std::unique_ptr<Reactor> reactor = *Reactor::Make(&clock);
  Resolver resolver;
  DnsCache cache{reactor.get(), &resolver, seconds(60)};
};

TEST_F(DnsCacheTest, AnAddressNeedsNoLookUp) {
  for (const char* host : {"192.0.2.7", "::1"}) {
    const DnsAnswer* answer = cache.Cached(host);
    ASSERT_NE(answer, nullptr) << host;
    ASSERT_TRUE(answer->error.ok());
    ASSERT_EQ(answer->endpoints.size(), 1u);
    EXPECT_EQ(TextOf(answer->endpoints.front()), host);
    EXPECT_EQ(Resolve(host).endpoints.size(), 1u);
  }
}

TEST_F(DnsCacheTest, LocalhostIsThisMachine) {
  EXPECT_EQ(cache.Cached("localhost"), nullptr) << "a name must be asked for first";
  const DnsAnswer answer = Resolve("localhost");
  ASSERT_TRUE(answer.error.ok()) << answer.error.text;
  for (const Endpoint& endpoint : answer.endpoints) {
    const std::string text = TextOf(endpoint);
    EXPECT_TRUE(text.starts_with("127.") || text == "::1") << text;
  }
  EXPECT_FALSE(answer.endpoints.empty());
  EXPECT_NE(cache.Cached("localhost"), nullptr);
}

TEST_F(DnsCacheTest, ANameThatDoesNotExistIsAFailureWithTheName) {
  const DnsAnswer answer = Resolve(kImpossible);
  EXPECT_EQ(answer.error.kind, NetError::Kind::kName);
  EXPECT_TRUE(answer.error.text.starts_with("name not resolved: " + kImpossible + ": "))
      << answer.error.text;
  EXPECT_TRUE(answer.endpoints.empty());
}

TEST_F(DnsCacheTest, AVeryLongNameIsCutInTheReason) {
  const DnsAnswer answer = Resolve(std::string(100'000, 'y'));
  EXPECT_EQ(answer.error.kind, NetError::Kind::kName);
  EXPECT_LT(answer.error.text.size(), 300u);
}

TEST_F(DnsCacheTest, ManyWaitersShareOneAnswer) {
  constexpr int kWaiters = 100;
  struct One {
    Waiter waiter;
    Co<void> task;
  };
  int ready = 0;
  auto ask = [](DnsCache* cache, Reactor* reactor, Waiter* waiter, TimePoint deadline,
                int* count) -> Co<void> {
    const DnsAnswer answer = co_await cache->Resolve("localhost", waiter, deadline);
    EXPECT_TRUE(answer.error.ok()) << answer.error.text;
    EXPECT_FALSE(answer.endpoints.empty());
    if (++*count == kWaiters) {
      reactor->Stop();
    }
  };
  std::vector<std::unique_ptr<One>> all;
  for (int i = 0; i < kWaiters; ++i) {
    auto one = std::make_unique<One>();
    one->task = ask(&cache, reactor.get(), &one->waiter, clock.Now() + seconds(60), &ready);
    reactor->Post([task = &one->task] { task->Start(); });
    all.push_back(std::move(one));
  }
  reactor->Run();
  EXPECT_EQ(ready, kWaiters);
  for (const auto& one : all) {
    reactor->Forget(&one->waiter);
  }
}

TEST_F(DnsCacheTest, TheCacheHasABound) {
  for (int i = 0; i < 30'000; ++i) {
    const std::string host = "10." + std::to_string(i / 10'000) + "." +
                             std::to_string(i / 100 % 100) + "." + std::to_string(i % 100);
    const DnsAnswer* answer = cache.Cached(host);
    ASSERT_NE(answer, nullptr);
    ASSERT_EQ(TextOf(answer->endpoints.front()), host);
  }
}

// Time stands still here but for what a test lets pass, so a look-up that is under way stays so.
class DnsCacheTimeTest : public testing::Test {
 protected:
  struct Asking {
    Waiter waiter;
    Co<void> task;
    DnsAnswer answer;
    bool done = false;
  };
  static Co<void> Ask(DnsCache* cache, std::string host, Asking* asking, TimePoint deadline) {
    asking->answer = co_await cache->Resolve(std::move(host), &asking->waiter, deadline);
    asking->done = true;
  }
  void Begin(Asking* asking, const std::string& host, Nanos patience) {
    asking->done = false;
    asking->task = Ask(&cache, host, asking, loop.clock().Now() + patience);
    asking->task.Start();
  }
  // The answer comes from another thread: turns until it is there.
  bool Finish(Asking* asking) {
    return loop.TurnUntil([asking] { return asking->done; }, 100'000'000);
  }

  ManualLoop loop;
  Resolver resolver;
  DnsCache cache{loop.reactor(), &resolver, seconds(60)};
};

TEST_F(DnsCacheTimeTest, AnAnswerIsKeptForItsTime) {
  Asking asking;
  Begin(&asking, "localhost", seconds(10));
  ASSERT_TRUE(Finish(&asking));
  loop.Turn(seconds(59));
  EXPECT_NE(cache.Cached("localhost"), nullptr);
  loop.Turn(seconds(1));
  EXPECT_EQ(cache.Cached("localhost"), nullptr);
  Begin(&asking, "localhost", seconds(10));
  ASSERT_TRUE(Finish(&asking));
  EXPECT_NE(cache.Cached("localhost"), nullptr);
  loop.reactor()->Forget(&asking.waiter);
}

TEST_F(DnsCacheTimeTest, AFailureIsKeptForASecond) {
  Asking asking;
  Begin(&asking, kImpossible, seconds(10));
  ASSERT_TRUE(Finish(&asking));
  ASSERT_FALSE(asking.answer.error.ok());
  ASSERT_NE(cache.Cached(kImpossible), nullptr);
  EXPECT_EQ(cache.Cached(kImpossible)->error.kind, NetError::Kind::kName);
  loop.Turn(seconds(1));
  EXPECT_EQ(cache.Cached(kImpossible), nullptr);
  loop.reactor()->Forget(&asking.waiter);
}

// A closed resolver never answers: what is left is the deadline.
TEST_F(DnsCacheTimeTest, ALookUpWithoutAnAnswerTimesOut) {
  resolver.Shutdown();
  Asking first;
  Asking second;
  Begin(&first, "localhost", seconds(2));
  Begin(&second, "localhost", seconds(5));
  loop.Turn(seconds(1));
  EXPECT_FALSE(first.done);
  loop.Turn(seconds(1));
  ASSERT_TRUE(first.done);
  EXPECT_EQ(first.answer.error.kind, NetError::Kind::kTimedOut);
  EXPECT_EQ(first.answer.error.text, "timed out (name look-up)");
  EXPECT_FALSE(second.done);
  loop.reactor()->Cancel(&second.waiter);
  loop.Turn();
  ASSERT_TRUE(second.done);
  EXPECT_EQ(second.answer.error.kind, NetError::Kind::kCancelled);
  loop.reactor()->Forget(&first.waiter);
  loop.reactor()->Forget(&second.waiter);
}

TEST(ResolverTest, ShutdownForgetsWhatIsPending) {
  SystemClock clock;
  auto reactor = *Reactor::Make(&clock);
  auto held = std::make_shared<int>(0);
  {
    Resolver resolver;
    for (int i = 0; i < 100; ++i) {
      resolver.Lookup(kImpossible, reactor.get(), [held](const DnsAnswer&) { ++*held; });
    }
    resolver.Shutdown();
    resolver.Lookup("localhost", reactor.get(), [held](const DnsAnswer&) { ++*held; });
  }
  reactor->Stop();
  reactor->Run();  // answers that were posted before the shutdown
  const int answered = *held;
  reactor->Stop();
  reactor->Run();
  EXPECT_EQ(*held, answered);
  EXPECT_LT(answered, 101) << "a look-up after the shutdown must not be answered";
}

TEST(ResolverTest, TheCacheMayDieBeforeTheAnswerComes) {
  SystemClock clock;
  auto reactor = *Reactor::Make(&clock);
  Resolver resolver;
  Waiter waiter;
  auto cache = std::make_unique<DnsCache>(reactor.get(), &resolver, seconds(60));
  Co<DnsAnswer> task = cache->Resolve("localhost", &waiter, Reactor::kNever);
  task.Start();
  reactor->Cancel(&waiter);
  reactor->Stop();
  reactor->Run();
  EXPECT_TRUE(task.Done());
  cache.reset();
  // Behind the cache's own look-up in the queue: when it is answered, that one was, too.
  resolver.Lookup("localhost", reactor.get(), [r = reactor.get()](const DnsAnswer&) { r->Stop(); });
  reactor->Run();
  resolver.Shutdown();
}

}  // namespace
}  // namespace squall
