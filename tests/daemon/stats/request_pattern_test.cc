#include "daemon/stats/request_pattern.h"

#include <gtest/gtest.h>

namespace squall {
namespace {

TEST(RequestPatternTest, MatchesItsFixedPartsInTheirOrder) {
  struct {
    const char* what;
    std::vector<std::string> parts;
    const char* name;
    bool matches;
  } const kRows[] = {
      {"the name itself", {"/cart"}, "/cart", true},
      {"another name", {"/cart"}, "/carts", false},
      {"anything in a hole", {"/products/", ""}, "/products/17", true},
      {"nothing in a hole", {"/products/", ""}, "/products/", true},
      {"another beginning", {"/products/", ""}, "/product/17", false},
      {"another end", {"/products/", "/buy"}, "/products/17/sell", false},
      {"two holes", {"/", "/of/", ""}, "/a/of/b", true},
      {"parts in the wrong order", {"", "b", "a", ""}, "xaxbx", false},
      {"parts that would overlap", {"/aa", "aa/"}, "/aaa/", false},
      {"a middle part inside the end", {"a", "b", "b"}, "ab", false},
      {"the leftmost place of a middle part", {"", "ab", "ab", ""}, "xabab", true},
      {"only a hole", {"", ""}, "whatever", true},
      {"no part at all", {}, "", false},
  };
  for (const auto& row : kRows) {
    EXPECT_EQ((RequestPattern{"GET", row.parts}.MatchesName(row.name)), row.matches) << row.what;
  }
}

TEST(TaggedRequestsTest, ContainsARequestOfAnyPattern) {
  TaggedRequests requests;
  EXPECT_FALSE(requests.Contain("GET", "/cart")) << "nobody has looked at the plan";
  requests.patterns = std::make_shared<const std::vector<RequestPattern>>(
      std::vector<RequestPattern>{{"GET", {"/cart"}}, {"POST", {"/pay/", ""}}});
  EXPECT_TRUE(requests.Contain("GET", "/cart"));
  EXPECT_FALSE(requests.Contain("POST", "/cart"));
  EXPECT_TRUE(requests.Contain("POST", "/pay/3"));
  EXPECT_TRUE(requests.Contain("", "/pay/3"));
  EXPECT_FALSE(requests.Contain("", "/search"));
}

}  // namespace
}  // namespace squall
