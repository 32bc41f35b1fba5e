#include "daemon/protocol/http/cookie_jar.h"

#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace squall {
namespace {

const Origin kPlain{false, "shop.test", 80};
const Origin kTls{true, "shop.test", 443};
const Origin kSub{false, "api.shop.test", 80};
const Origin kOther{false, "other.test", 80};
constexpr TimePoint kNow = TimePoint(std::chrono::hours(1));
constexpr WallTime kWall = WallTime(std::chrono::seconds(1'700'000'000));  // 2023-11-14 22:13:20

class CookieJarTest : public testing::Test {
 protected:
  void Store(std::string_view text, const Origin& origin = kPlain,
             std::string_view target = "/a/b?c=/d") {
    jar_.Store(text, origin, target, kNow, kWall);
  }
  std::string Sent(const Origin& origin = kPlain, std::string_view target = "/a/b",
                   TimePoint now = kNow) {
    std::string text;
    const bool any = jar_.AppendHeaderValue(origin, target, now, &text);
    EXPECT_EQ(any, !text.empty());
    return text;
  }

  CookieJar jar_;
};

TEST_F(CookieJarTest, StartsEmpty) {
  EXPECT_TRUE(jar_.empty());
  EXPECT_EQ(Sent(), "");
}

TEST_F(CookieJarTest, SendsWhatItWasGiven) {
  Store("a=1");
  Store(" b = two words ; HttpOnly");
  Store("c=\"x=y\"");
  EXPECT_EQ(Sent(), "a=1; b=two words; c=\"x=y\"");
}

TEST_F(CookieJarTest, AnEmptyValueIsAValue) {
  Store("a=");
  EXPECT_EQ(Sent(), "a=");
}

TEST_F(CookieJarTest, IgnoresWhatIsNoCookie) {
  for (const char* text : {"", ";", "=1", " = ;Path=/", "noequals", "noequals; a=b"}) {
    Store(text);
  }
  Store("big=" + std::string(9000, 'x'));
  EXPECT_TRUE(jar_.empty());
}

TEST_F(CookieJarTest, TheNewerCookieReplacesTheOlder) {
  Store("a=1");
  Store("a=2");
  EXPECT_EQ(Sent(), "a=2");
}

TEST_F(CookieJarTest, TheSameNameOnAnotherPathIsAnotherCookie) {
  Store("a=1; Path=/");
  Store("a=2; Path=/a");
  EXPECT_EQ(Sent(kPlain, "/a/b"), "a=1; a=2");
  EXPECT_EQ(Sent(kPlain, "/"), "a=1");
}

TEST_F(CookieJarTest, WithoutADomainOnlyTheHostItselfGetsIt) {
  Store("a=1; Path=/");
  EXPECT_EQ(Sent({false, "SHOP.test", 8080}), "a=1");  // ports and case do not matter
  EXPECT_EQ(Sent(kSub), "");
  EXPECT_EQ(Sent(kOther), "");
}

TEST_F(CookieJarTest, ADomainCoversItsSubdomains) {
  for (const char* domain : {"shop.test", ".shop.test", "SHOP.Test"}) {
    CookieJar jar;
    jar.Store(fmt::format("a=1; Path=/; Domain={}", domain), kSub, "/", kNow, kWall);
    std::string text;
    EXPECT_TRUE(jar.AppendHeaderValue(kPlain, "/", kNow, &text)) << domain;
    EXPECT_TRUE(jar.AppendHeaderValue(kSub, "/", kNow, &text)) << domain;
    EXPECT_FALSE(jar.AppendHeaderValue({false, "badshop.test", 80}, "/", kNow, &text)) << domain;
    EXPECT_FALSE(jar.AppendHeaderValue(kOther, "/", kNow, &text)) << domain;
  }
}

TEST_F(CookieJarTest, AServerCannotSetCookiesForSomebodyElse) {
  Store("a=1; Domain=other.test");
  Store("a=1; Domain=api.shop.test");
  Store("a=1; Domain=op.test");
  Store("a=1; Domain=.");
  EXPECT_TRUE(jar_.empty());
}

TEST_F(CookieJarTest, AnEmptyDomainIsNone) {
  Store("a=1; Path=/; Domain=");
  EXPECT_EQ(Sent(), "a=1");
  EXPECT_EQ(Sent(kSub), "");
}

TEST_F(CookieJarTest, ThePathEndsAtASlash) {
  Store("a=1; Path=/foo");
  EXPECT_EQ(Sent(kPlain, "/foo"), "a=1");
  EXPECT_EQ(Sent(kPlain, "/foo/bar"), "a=1");
  EXPECT_EQ(Sent(kPlain, "/foo?bar"), "a=1");
  EXPECT_EQ(Sent(kPlain, "/foobar"), "");
  EXPECT_EQ(Sent(kPlain, "/"), "");
}

TEST_F(CookieJarTest, TheDefaultPathIsTheFolderOfTheRequest) {
  Store("a=1", kPlain, "/x/y/z?q=/r");
  EXPECT_EQ(Sent(kPlain, "/x/y"), "a=1");
  EXPECT_EQ(Sent(kPlain, "/x"), "");
  CookieJar root;
  root.Store("b=1; Path=relative", kPlain, "/top", kNow, kWall);
  std::string text;
  EXPECT_TRUE(root.AppendHeaderValue(kPlain, "/", kNow, &text));
}

TEST_F(CookieJarTest, SecureCookiesNeedTls) {
  Store("a=1; Path=/; secure", kTls);
  EXPECT_EQ(Sent(kPlain), "");
  EXPECT_EQ(Sent(kTls), "a=1");
}

TEST_F(CookieJarTest, MaxAgeEndsACookie) {
  Store("a=1; Max-Age=10");
  EXPECT_EQ(Sent(kPlain, "/a/b", kNow + std::chrono::seconds(9)), "a=1");
  EXPECT_EQ(Sent(kPlain, "/a/b", kNow + std::chrono::seconds(10)), "");
}

TEST_F(CookieJarTest, MaxAgeZeroOrLessDeletes) {
  for (const char* age : {"0", "-1", "-99999999999999999999"}) {
    Store("a=1");
    Store(fmt::format("a=gone; Max-Age={}", age));
    EXPECT_TRUE(jar_.empty()) << age;
  }
}

TEST_F(CookieJarTest, AMaxAgeThatIsNoNumberIsIgnored) {
  for (const char* age : {"soon", "", "1x", "+5", "-"}) {
    Store(fmt::format("a=1; Max-Age={}", age));
    EXPECT_EQ(Sent(kPlain, "/a/b", kNow + std::chrono::hours(24 * 5000)), "a=1") << age;
  }
}

TEST_F(CookieJarTest, AHugeMaxAgeIsFourHundredDays) {
  Store("a=1; Max-Age=99999999999999999999");
  EXPECT_EQ(Sent(kPlain, "/a/b", kNow + std::chrono::hours(24 * 399)), "a=1");
  EXPECT_EQ(Sent(kPlain, "/a/b", kNow + std::chrono::hours(24 * 401)), "");
}

TEST_F(CookieJarTest, AttributeNamesIgnoreCaseAndUnknownOnesAreSkipped) {
  Store("a=1; pAtH=/x; SameSite=Lax; ; Priority=High; MAX-AGE=5");
  EXPECT_EQ(Sent(kPlain, "/x"), "a=1");
  EXPECT_EQ(Sent(kPlain, "/x", kNow + std::chrono::seconds(5)), "");
}

TEST_F(CookieJarTest, KeepsAHundredAndDropsTheOldest) {
  for (int i = 0; i < 150; ++i) {
    Store(fmt::format("c{}=1; Path=/", i));
  }
  const std::string sent = Sent();
  EXPECT_EQ(sent.find("c49="), std::string::npos);
  EXPECT_TRUE(sent.starts_with("c50=1; "));
  EXPECT_TRUE(sent.ends_with("; c149=1"));
}

TEST_F(CookieJarTest, ExpiresIsReadInAllItsFormats) {
  for (const char* past : {"Thu, 01 Jan 1970 00:00:00 GMT", "Tue, 14-Nov-23 22:13:20 GMT",
                           "Tue Nov 14 22:13:19 2023"}) {
    Store("a=1");
    Store(fmt::format("a=2; Expires={}", past));
    EXPECT_EQ(Sent(), "") << past;
  }
  Store("a=1; expires=Tue, 14 Nov 2023 22:13:30 GMT");
  EXPECT_EQ(Sent(kPlain, "/a/b", kNow + std::chrono::seconds(9)), "a=1");
  EXPECT_EQ(Sent(kPlain, "/a/b", kNow + std::chrono::seconds(10)), "");
  for (const char* no_date : {"soon", "01 Foo 1970 00:00:00", "32 Jan 1970 00:00:00", ""}) {
    Store(fmt::format("a=3; Expires={}", no_date));
    EXPECT_EQ(Sent(), "a=3") << no_date;
  }
  Store("a=4; Max-Age=5; Expires=Thu, 01 Jan 1970 00:00:00 GMT");
  EXPECT_EQ(Sent(), "a=4") << "Max-Age wins";
}

TEST_F(CookieJarTest, ACookieOfOurOwnMayGoEverywhere) {
  Cookie cookie;
  cookie.name = "a";
  cookie.value = "1";
  cookie.path = "/";
  jar_.Put(cookie);
  EXPECT_EQ(Sent(kPlain), "a=1");
  EXPECT_EQ(Sent(kOther), "a=1");
  cookie.value = "2";
  jar_.Put(cookie);
  EXPECT_EQ(Sent(kOther), "a=2");
  EXPECT_TRUE(jar_.Erase("a", "", "/"));
  EXPECT_FALSE(jar_.Erase("a", "", "/"));
  EXPECT_TRUE(jar_.empty());
}

}  // namespace
}  // namespace squall
