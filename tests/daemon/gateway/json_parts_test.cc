#include "daemon/gateway/json_parts.h"

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace squall {
namespace {

using Parts = std::vector<std::pair<std::string_view, std::string_view>>;

TEST(JsonPartsTest, CutsAtTheOutermostFields) {
  const std::string text = R"( {"a": {"x": [1, {"y": "}"}]}, "b" : [ "]" , 2 ],"c":-1.5e3 ,
                              "d":"text","e":null } )";
  const auto parts = SplitJsonObject(text);
  ASSERT_TRUE(parts.ok()) << parts.status();
  EXPECT_EQ(*parts, (Parts{{"a", R"({"x": [1, {"y": "}"}]})"},
                           {"b", R"([ "]" , 2 ])"},
                           {"c", "-1.5e3"},
                           {"d", R"("text")"},
                           {"e", "null"}}));
  EXPECT_EQ(*SplitJsonObject("{}"), Parts{});
}

TEST(JsonPartsTest, QuotesAndBackslashesInTextsAreNoEnds) {
  EXPECT_EQ(*JsonPart(R"({"a":"x\"},\\","b":1})", "b"), "1");
  EXPECT_EQ(*JsonPart(R"({"a":"x\"},\\","b":1})", "a"), R"("x\"},\\")");
}

TEST(JsonPartsTest, WhatIsNoObjectIsAnError) {
  for (const char* text :
       {"", "[]", "1", "{", R"({"a")", R"({"a":)", R"({"a":1)", R"({"a":1,})", R"({"a":1}x)",
        R"({a:1})", R"({"a":"x)", R"({"a":"x\)", R"({"a" 1})", R"({"a":,"b":1})", R"({"a":[1)"}) {
    EXPECT_EQ(SplitJsonObject(text).status().code(), absl::StatusCode::kInvalidArgument) << text;
  }
}

TEST(JsonPartsTest, AFieldThatIsNotThereIsNotFound) {
  EXPECT_EQ(JsonPart(R"({"a":1})", "b").status().code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace squall
