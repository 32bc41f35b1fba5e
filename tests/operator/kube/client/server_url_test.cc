#include "operator/kube/client/server_url.h"

#include <string>

#include <gtest/gtest.h>

namespace squall {
namespace {

TEST(ServerUrlTest, ReadsAddressesNamesPathsAndPasswords) {
  const ServerUrl plain = *ParseServerUrl("server", "http://127.0.0.1:8001");
  EXPECT_EQ(plain, (ServerUrl{false, "127.0.0.1", 8001, "", "", ""}));
  EXPECT_EQ(plain.HostPort(), "127.0.0.1:8001");
  EXPECT_EQ(*ParseServerUrl("server", "https://api.example/k8s/c-1/"),
            (ServerUrl{true, "api.example", 443, "/k8s/c-1", "", ""}));
  EXPECT_EQ(*ParseServerUrl("proxy-url", "http://me:p%40ss@proxy"),
            (ServerUrl{false, "proxy", 80, "", "me", "p@ss"}));
  const ServerUrl v6 = *ParseServerUrl("server", "https://[::1]:6443");
  EXPECT_EQ(v6.host, "::1");
  EXPECT_EQ(v6.HostPort(), "[::1]:6443");
}

TEST(ServerUrlTest, RefusesOtherThings) {
  for (const char* text :
       {"", "10.0.0.1:6443", "https://", "ftp://host", "socks5://host", "https://host:70000",
        "https://host:0", "https://host?x=1", "https://ho st"}) {
    EXPECT_FALSE(ParseServerUrl("server", text).ok()) << text;
  }
  EXPECT_EQ(std::string(ParseServerUrl("server", "host").status().message()),
            "server must be a URL like https://10.0.0.1:6443, got 'host'");
}

TEST(ServerUrlTest, AnErrorShowsNoPassword) {
  EXPECT_EQ(std::string(ParseServerUrl("proxy-url", "socks://a:secret@b").status().message()),
            "proxy-url must be a URL like https://10.0.0.1:6443, got something else");
}

}  // namespace
}  // namespace squall
