#include "daemon/plan/status_set.h"

#include <vector>

#include <gtest/gtest.h>

namespace squall {
namespace {

TEST(StatusSetTest, ContainsWhatTheTextSays) {
  const std::tuple<const char*, std::vector<int>, std::vector<int>> rows[] = {
      {"200", {200}, {100, 199, 201, 0, -1, 2000}},
      {"2xx", {200, 204, 299}, {199, 300}},
      {"5XX", {500, 599}, {499, 600}},
      {"200-299", {200, 250, 299}, {199, 300}},
      {"404-404", {404}, {403, 405}},
      {"200,404", {200, 404}, {201, 403}},
      {" 200 , 3xx,\t500 - 503 ", {200, 302, 500, 503}, {201, 404, 504}},
      {"100-999", {100, 999}, {99, 1000}},
  };
  for (const auto& [text, inside, outside] : rows) {
    const auto set = StatusSet::Parse(text);
    ASSERT_TRUE(set.ok()) << text << ": " << set.status();
    for (const int status : inside) {
      EXPECT_TRUE(set->Contains(status)) << text << " has " << status;
    }
    for (const int status : outside) {
      EXPECT_FALSE(set->Contains(status)) << text << " has not " << status;
    }
  }
  EXPECT_EQ(*StatusSet::Parse("2xx"), *StatusSet::Parse("200-299"));
  EXPECT_FALSE(StatusSet().Contains(200));
}

TEST(StatusSetTest, RefusesTheRest) {
  for (const char* text :
       {"",     ",",       "200,", ",200",    "20",          "2000",        "99",
        "099",  "2x",      "2xX",  "xxx",     "0xx",         "axx",         "/xx",
        ":xx",  "-1",      "200-", "-200",    "299-200",     "200-299-300", "200 404",
        "+200", "200;404", "ok",   "1xx-2xx", "\xFF\xFE\xFD"}) {
    const auto set = StatusSet::Parse(text);
    EXPECT_EQ(set.status().code(), absl::StatusCode::kInvalidArgument) << text;
  }
}

TEST(StatusSetTest, SaysWhatWouldBeRightAndCutsLongText) {
  EXPECT_EQ(StatusSet::Parse("ok").status().message(),
            "must be statuses such as 200, 2xx, 200-299 or 200,404 (from 100 to 999), got 'ok'");
  EXPECT_LT(StatusSet::Parse(std::string(100'000, 'x')).status().message().size(), 200u);
}

}  // namespace
}  // namespace squall
