#include "daemon/plan/url_fault.h"

#include <utility>

#include <gtest/gtest.h>

namespace squall {
namespace {

TEST(UrlFaultTest, UrlsOfAServerAreFine) {
  for (const char* url : {"http://a", "https://a:1", "http://[::1]:65535/x/y", "http://a/"}) {
    EXPECT_EQ(UrlFault(url, "headers"), "") << url;
  }
}

TEST(UrlFaultTest, OthersAreNotAndThePasswordIsNotShown) {
  const std::pair<const char*, const char*> rows[] = {
      {"ftp://a", "must start with http:// or https://, got 'ftp://a'"},
      {"a:p@b", "must start with http:// or https://, got 'a URL with '@''"},
      {"http://a?x", "must not have a query or a fragment"},
      {"http://u:p@a", "must not hold a user name or password; use headers"},
      {"http://", "must look like http://host:8082, got 'http://'"},
      {"http://a b", "must look like http://host:8082, got 'http://a b'"},
      {"http://a:0", "must have a port from 1 to 65535, got 'http://a:0'"}};
  for (const auto& [url, fault] : rows) {
    EXPECT_EQ(UrlFault(url, "headers"), fault);
  }
}

TEST(UrlFaultTest, APortIsANumberUpTo65535) {
  EXPECT_TRUE(IsPort("1") && IsPort("65535"));
  EXPECT_FALSE(IsPort("") || IsPort("0") || IsPort("65536") || IsPort("1a") || IsPort("100000"));
}

}  // namespace
}  // namespace squall
