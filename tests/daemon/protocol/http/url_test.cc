#include "daemon/protocol/http/url.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace squall {
namespace {

Url Parsed(std::string_view text) {
  const absl::StatusOr<Url> url = ParseUrl(text);
  EXPECT_TRUE(url.ok()) << url.status();
  return url.value_or(Url{});
}

// The redirect as text: scheme, authority and target, or "bad".
std::string Resolved(std::string_view target, std::string_view location) {
  const absl::StatusOr<Url> url = ResolveLocation({false, "a.test", 8080}, target, location);
  if (!url.ok()) {
    return "bad";
  }
  return (url->origin.tls ? "https " : "http ") + url->origin.Authority() + " " + url->target;
}

TEST(UrlTest, TakesApartSchemeHostPortAndTarget) {
  const Url url = Parsed("http://shop.test:8080/a/b?x=1&y=2");
  EXPECT_EQ(url.origin, (Origin{false, "shop.test", 8080}));
  EXPECT_EQ(url.target, "/a/b?x=1&y=2");
  EXPECT_EQ(url.userinfo, "");
}

TEST(UrlTest, EachSchemeHasItsPort) {
  EXPECT_EQ(Parsed("http://a.test").origin, (Origin{false, "a.test", 80}));
  EXPECT_EQ(Parsed("https://a.test").origin, (Origin{true, "a.test", 443}));
  EXPECT_EQ(Parsed("HTTPS://a.test:/").origin, (Origin{true, "a.test", 443}));
}

TEST(UrlTest, AnUrlWithoutAPathHasAnEmptyTarget) {
  EXPECT_EQ(Parsed("http://a.test").target, "");
  EXPECT_EQ(Parsed("http://a.test?x=1").target, "?x=1");
}

TEST(UrlTest, DropsTheFragment) { EXPECT_EQ(Parsed("http://a.test/b#c").target, "/b"); }

TEST(UrlTest, HostNamesAreLowerCaseSoThatOriginsCompare) {
  EXPECT_EQ(Parsed("http://Shop.TEST/").origin.host, "shop.test");
}

TEST(UrlTest, AnIpv6AddressLosesItsBracketsAndGetsThemBack) {
  const Url url = Parsed("http://[::1]:8082/x");
  EXPECT_EQ(url.origin.host, "::1");
  EXPECT_EQ(url.origin.Authority(), "[::1]:8082");
  EXPECT_EQ(url.origin.HostHeader(), "[::1]:8082");
  EXPECT_EQ(Parsed("https://[2001:db8::1]/").origin.HostHeader(), "[2001:db8::1]");
}

TEST(UrlTest, TheHostHeaderNamesAPortOnlyWhenItIsUnusual) {
  EXPECT_EQ((Origin{false, "a", 80}).HostHeader(), "a");
  EXPECT_EQ((Origin{true, "a", 443}).HostHeader(), "a");
  EXPECT_EQ((Origin{true, "a", 80}).HostHeader(), "a:80");
  EXPECT_EQ((Origin{false, "a", 80}).Authority(), "a:80");
}

TEST(UrlTest, UserinfoIsDecoded) {
  const Url url = Parsed("http://ann%40x:p%3Aw@a.test/");
  EXPECT_EQ(url.userinfo, "ann@x:p:w");
  EXPECT_EQ(url.origin.host, "a.test");
}

TEST(UrlTest, RefusesWhatIsNoHttpUrl) {
  for (const char* text :
       {"", "a.test", "/path", "ftp://a.test/", "http://", "http:///x", "http://:80/",
        "http://a.test:0/", "http://a.test:65536/", "http://a.test:99999999999/",
        "http://a.test:x/", "http://a test/", "http://[::1/", "http://a.test/\r\nX: y",
        "http://a.test/\x01", "javascript:alert(1)", "//a.test/"}) {
    const absl::StatusOr<Url> url = ParseUrl(text);
    EXPECT_EQ(url.status().code(), absl::StatusCode::kInvalidArgument) << text;
  }
  EXPECT_FALSE(ParseUrl("http://a.test/" + std::string(20'000, 'x')).ok());
}

TEST(UrlTest, AnErrorShowsAShortPieceOfTheText) {
  const absl::Status status = ParseUrl("ftp://a.test/" + std::string(500, 'x')).status();
  EXPECT_LT(status.message().size(), 200U);
  EXPECT_NE(status.message().find("scheme is not http or https"), std::string::npos);
}

TEST(UrlTest, APercentEncodedHostCannotSmuggleAHeader) {
  for (const char* text :
       {"http://a%0d%0aX:%20y/", "http://a%00/", "http://a%20b/", "http://a%2fb/", "http://a%40b/",
        "http://a%3a80/", "http://%c3%a9.test/"}) {
    EXPECT_FALSE(ParseUrl(text).ok()) << text;
    EXPECT_EQ(Resolved("/", text), "bad") << text;
  }
}

TEST(UrlTest, OnlyAFullSchemeIsAbsolute) {
  EXPECT_TRUE(IsAbsoluteUrl("http://a"));
  EXPECT_TRUE(IsAbsoluteUrl("https://a"));
  EXPECT_FALSE(IsAbsoluteUrl("/http://a"));
  EXPECT_FALSE(IsAbsoluteUrl("httpx://a"));
  EXPECT_FALSE(IsAbsoluteUrl(""));
}

TEST(UrlTest, ResolvesRedirectsAgainstTheRequest) {
  EXPECT_EQ(Resolved("/a/b?q=1", "https://b.test/c"), "https b.test:443 /c");
  EXPECT_EQ(Resolved("/a/b?q=1", "//b.test/c"), "http b.test:80 /c");
  EXPECT_EQ(Resolved("/a/b?q=1", "/c?d=2"), "http a.test:8080 /c?d=2");
  EXPECT_EQ(Resolved("/a/b?q=1", "c"), "http a.test:8080 /a/c");
  EXPECT_EQ(Resolved("/a/b?q=1", "../c"), "http a.test:8080 /c");
  EXPECT_EQ(Resolved("/a/b", "../../../etc"), "http a.test:8080 /etc");
  EXPECT_EQ(Resolved("/a/b", "?x=1"), "http a.test:8080 /a/b?x=1");
  EXPECT_EQ(Resolved("/a/b", "http://b.test"), "http b.test:80 /");
  EXPECT_EQ(Resolved("/a/b", "/c#part"), "http a.test:8080 /c");
}

TEST(UrlTest, RedirectsMayHoldWhatUrlsShouldHaveEncoded) {
  EXPECT_EQ(Resolved("/", "/a b"), "http a.test:8080 /a%20b");
  EXPECT_EQ(Resolved("/", "/caf\xc3\xa9?n={1}|2"), "http a.test:8080 /caf%C3%A9?n=%7B1%7D%7C2");
  EXPECT_EQ(Resolved("/", "/100%"), "http a.test:8080 /100%25");
  EXPECT_EQ(Resolved("/", "/a%20b"), "http a.test:8080 /a%20b");
  EXPECT_EQ(Resolved("/x|y[1]/\"z\"", "next"), "http a.test:8080 /x%7Cy%5B1%5D/next");
}

TEST(UrlTest, RefusesHostileRedirects) {
  for (const char* location : {"javascript:alert(1)", "file:///etc/passwd", "http://",
                               "gopher://a/", "http://a.test:99999/", "http://[::1"}) {
    EXPECT_EQ(Resolved("/", location), "bad") << location;
  }
  EXPECT_EQ(Resolved("/", "/" + std::string(20'000, 'x')), "bad");
}

TEST(UrlTest, PercentEncodesAllButUnreservedCharacters) {
  std::string text = "=";
  AppendPercentEncoded("AZaz09-_.~ /?&=+%\xff", &text);
  text.push_back('|');
  AppendPercentEncoded(std::string_view("\0\n", 2), &text);
  EXPECT_EQ(text, "=AZaz09-_.~%20%2F%3F%26%3D%2B%25%FF|%00%0A");
}

}  // namespace
}  // namespace squall
