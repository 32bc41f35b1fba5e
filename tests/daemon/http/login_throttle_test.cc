#include "daemon/http/login_throttle.h"

#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/daemon/http/some_time.h"

namespace squall {
namespace {

void Fail(LoginThrottle* throttle, const std::string& peer, int times, TimePoint now = kNow) {
  for (int i = 0; i < times; ++i) {
    throttle->CountFailure(peer, now);
  }
}

TEST(LoginThrottleTest, AFewMistakesAreFree) {
  LoginThrottle throttle;
  Fail(&throttle, "192.0.2.1:1", LoginThrottle::kFreeFailures - 1);
  EXPECT_EQ(throttle.Wait("192.0.2.1:1", kNow), Nanos(0));
  Fail(&throttle, "192.0.2.1:1", 1);
  EXPECT_EQ(throttle.Wait("192.0.2.1:1", kNow), LoginThrottle::kRefill);
}

TEST(LoginThrottleTest, AnotherTryComesBackWithTime) {
  LoginThrottle throttle;
  Fail(&throttle, "192.0.2.1:1", LoginThrottle::kFreeFailures);
  const TimePoint later = kNow + LoginThrottle::kRefill;
  EXPECT_EQ(throttle.Wait("192.0.2.1:1", later), Nanos(0));
  Fail(&throttle, "192.0.2.1:1", 1, later);
  EXPECT_EQ(throttle.Wait("192.0.2.1:1", later), LoginThrottle::kRefill);
}

TEST(LoginThrottleTest, TellsPeersApartByAddressAndNotByPort) {
  LoginThrottle throttle;
  Fail(&throttle, "192.0.2.1:1", LoginThrottle::kFreeFailures);
  EXPECT_GT(throttle.Wait("192.0.2.1:2", kNow), Nanos(0));
  EXPECT_EQ(throttle.Wait("192.0.2.2:1", kNow), Nanos(0));
}

TEST(LoginThrottleTest, CountsAnIpv6NetworkAsOne) {
  LoginThrottle throttle;
  Fail(&throttle, "[2001:db8::1]:1", LoginThrottle::kFreeFailures);
  EXPECT_GT(throttle.Wait("[2001:db8::ffff:1]:1", kNow), Nanos(0));
  EXPECT_EQ(throttle.Wait("[2001:db8:1::1]:1", kNow), Nanos(0));
  Fail(&throttle, "[::ffff:192.0.2.1]:1", LoginThrottle::kFreeFailures);
  EXPECT_EQ(throttle.Wait("[::ffff:192.0.2.2]:1", kNow), Nanos(0));
}

TEST(LoginThrottleTest, RemembersABoundedNumberOfPeers) {
  LoginThrottle throttle;
  Fail(&throttle, "192.0.2.1:1", LoginThrottle::kFreeFailures);
  for (int i = 0; i < 3000; ++i) {
    Fail(&throttle, fmt::format("10.0.{}.{}:1", i / 256, i % 256), 1);
  }
  EXPECT_LE(throttle.size(), LoginThrottle::kPeersMax);
  EXPECT_GT(throttle.Wait("192.0.2.1:1", kNow), Nanos(0));  // who failed most is kept
}

}  // namespace
}  // namespace squall
