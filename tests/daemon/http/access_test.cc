#include "daemon/http/access.h"

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace squall {
namespace {

HttpRequest Request(const std::string& method, const std::string& path,
                    const std::vector<std::pair<std::string, std::string>>& headers = {}) {
  HttpRequest request;
  request.method = method;
  request.path = path;
  request.headers = {{"host", "localhost:8089"}};
  for (const auto& [name, value] : headers) {
    request.headers[name] = value;
  }
  return request;
}

TEST(AccessTest, TakesTheNameOutOfAHostHeader) {
  EXPECT_EQ(HostName("Example.COM:8089"), "example.com");
  EXPECT_EQ(HostName("example.com."), "example.com");
  EXPECT_EQ(HostName("[::1]:80"), "[::1]");
  EXPECT_EQ(HostName("[::1]"), "[::1]");
  EXPECT_EQ(HostName("127.0.0.1"), "127.0.0.1");
  EXPECT_EQ(HostName(""), "");
}

TEST(AccessTest, OnLoopbackAForeignNameIsRefused) {
  const AccessRules rules;
  for (const char* host : {"localhost:8089", "LOCALHOST", "127.0.0.1:1", "[::1]:8089"}) {
    EXPECT_TRUE(IsAllowedHost(rules, host)) << host;
  }
  for (const char* host : {"", "evil.test", "evil.test:8089", "localhost.evil.test", "127.0.0.2",
                           "10.0.0.1", "localhost@evil.test", "[::1"}) {
    EXPECT_FALSE(IsAllowedHost(rules, host)) << host;
  }
}

TEST(AccessTest, NamesCanBeAllowed) {
  AccessRules rules;
  rules.allowed_hosts = {"Squall.example.com"};
  EXPECT_TRUE(IsAllowedHost(rules, "squall.example.com:443"));
  EXPECT_FALSE(IsAllowedHost(rules, "evil.test"));
  rules.allowed_hosts = {"*"};
  EXPECT_TRUE(IsAllowedHost(rules, "evil.test"));
}

TEST(AccessTest, BeyondLoopbackAnyNameLeadsHereUnlessSomeAreListed) {
  AccessRules rules;
  rules.loopback = false;
  rules.listen_host = "0.0.0.0";
  EXPECT_TRUE(IsAllowedHost(rules, "10.0.0.7:8089"));
  rules.allowed_hosts = {"squall.example.com"};
  EXPECT_FALSE(IsAllowedHost(rules, "10.0.0.7:8089"));
  EXPECT_TRUE(IsAllowedHost(rules, "localhost"));
}

TEST(AccessTest, WhereNobodyShowsACredentialOnlyAddressesAndItsOwnNameLeadHere) {
  AccessRules rules;
  rules.loopback = false;
  rules.open = true;
  rules.listen_host = "0.0.0.0";
  rules.machine = "Build-7";
  for (const char* host : {"10.0.0.7:8089", "[fd00::1]:8089", "localhost", "build-7:8089"}) {
    EXPECT_TRUE(IsAllowedHost(rules, host)) << host;
  }
  for (const char* host : {"", "evil.test", "10.0.0.7.evil.test", "build-7.evil.test", "[::1"}) {
    EXPECT_FALSE(IsAllowedHost(rules, host)) << host;
  }
  rules.allowed_hosts = {"squall.example.com"};
  EXPECT_TRUE(IsAllowedHost(rules, "squall.example.com"));
  EXPECT_FALSE(IsAllowedHost(rules, "10.0.0.7:8089"));
}

TEST(AccessTest, AnIpv6AddressOfItsOwnIsAllowed) {
  AccessRules rules;
  rules.listen_host = "::1";
  EXPECT_TRUE(IsAllowedHost(rules, "[::1]:8089"));
}

TEST(AccessTest, KnowsWhatChangesState) {
  AccessRules rules;
  rules.changing_gets = {"/stop", "/stats/reset"};
  EXPECT_FALSE(ChangesState(rules, Request("GET", "/")));
  EXPECT_FALSE(ChangesState(rules, Request("OPTIONS", "/stop")));
  EXPECT_FALSE(ChangesState(rules, Request("GET", "/stopped")));
  EXPECT_TRUE(ChangesState(rules, Request("GET", "/stop")));
  EXPECT_TRUE(ChangesState(rules, Request("GET", "/stop/")));
  EXPECT_TRUE(ChangesState(rules, Request("GET", "/stats/reset")));
  for (const char* method : {"POST", "PATCH", "PUT", "DELETE", "get", "FOO"}) {
    EXPECT_TRUE(ChangesState(rules, Request(method, "/"))) << method;
  }
}

TEST(AccessTest, ProgramsAndOurOwnPagesAreNotForeign) {
  const std::vector<std::vector<std::pair<std::string, std::string>>> table = {
      {},
      {{"origin", "http://localhost:8089"}},
      {{"origin", "HTTP://LOCALHOST:8089"}, {"sec-fetch-site", "same-origin"}},
      {{"sec-fetch-site", "none"}},  // typed into the address bar
      {{"referer", "http://localhost:8089/runs/1?x"}},
      {{"host", "squall.test"}, {"origin", "https://squall.test"}},  // a proxy took off TLS
      {{"host", "squall.test:443"}, {"origin", "https://squall.test"}},
      {{"host", "squall.test"}, {"origin", "http://squall.test:80"}},
  };
  for (size_t i = 0; i < table.size(); ++i) {
    EXPECT_FALSE(IsFromForeignPage(Request("POST", "/", table[i]))) << i;
  }
}

TEST(AccessTest, PagesOfOtherSitesAreForeign) {
  const std::vector<std::vector<std::pair<std::string, std::string>>> table = {
      {{"origin", "http://evil.test"}},
      {{"origin", "null"}},
      {{"origin", "http://localhost:8090"}},
      {{"origin", "http://localhost"}},
      {{"origin", "http://localhost:8089.evil.test"}},
      {{"origin", "http://localhost:8089@evil.test"}},
      {{"origin", "ftp://localhost:8089"}},
      {{"sec-fetch-site", "cross-site"}},
      {{"sec-fetch-site", "same-site"}},  // another port of this host
      {{"origin", "http://localhost:8089"}, {"sec-fetch-site", "cross-site"}},
      {{"referer", "http://evil.test/?http://localhost:8089/"}},
      {{"referer", "about:blank"}},
      {{"host", ""}, {"origin", "http://"}},
  };
  for (size_t i = 0; i < table.size(); ++i) {
    EXPECT_TRUE(IsFromForeignPage(Request("POST", "/", table[i]))) << i;
  }
}

TEST(AccessTest, AGetOfABrowserThatTellsNothingIsNoProgram) {
  const std::pair<const char*, const char*> browsers[] = {
      {"user-agent", "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"},
      {"accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"},
      {"accept", "image/avif,image/webp,*/*"},
      {"accept", "Text/HTML"},
  };
  for (const auto& browser : browsers) {
    EXPECT_TRUE(IsUntoldBrowserGet(Request("GET", "/stop", {browser}))) << browser.second;
    EXPECT_FALSE(IsUntoldBrowserGet(Request("POST", "/stop", {browser}))) << browser.second;
    // The rules for those who tell are others.
    for (const char* told : {"origin", "sec-fetch-site", "referer"}) {
      EXPECT_FALSE(IsUntoldBrowserGet(Request("GET", "/stop", {browser, {told, "x"}}))) << told;
    }
  }
  const std::vector<std::vector<std::pair<std::string, std::string>>> programs = {
      {},
      {{"user-agent", "curl/8.5.0"}, {"accept", "*/*"}},
      {{"user-agent", "python-requests/2.32.3"}, {"accept", "*/*"}},
      {{"user-agent", "Python-urllib/3.11"}},
      {{"accept", "application/json, text/plain, */*"}},
  };
  for (size_t i = 0; i < programs.size(); ++i) {
    EXPECT_FALSE(IsUntoldBrowserGet(Request("GET", "/stop", programs[i]))) << i;
  }
}

TEST(AccessTest, OnlyTheLoginAndTheProbeAreOpen) {
  for (const char* path : {"/login", "/healthz", "/assets/app-1.js", "/icon.svg", "/favicon.ico"}) {
    EXPECT_TRUE(IsOpen(Request("GET", path))) << path;
    EXPECT_EQ(IsOpen(Request("POST", path)), std::string_view(path) == "/login") << path;
  }
  for (const char* path : {"/", "/login/x", "/assets", "/api/v1/server", "/healthz/x", "//login"}) {
    EXPECT_FALSE(IsOpen(Request("GET", path))) << path;
  }
}

}  // namespace
}  // namespace squall
