#include "daemon/plan/json_path.h"

#include <gtest/gtest.h>

namespace squall {
namespace {

constexpr const char* kDocument = R"({
  "data": [{"name": "Laptop", "price": 999.99}, {"name": "Mouse"}],
  "odd name": {"it's": 1, "a\"b": 2, "back\\slash": 3},
  "größe": 4, "x-id": 5, "2024": 6, "null": null, "": 7,
  "matrix": [[1, 2], [3]]
})";

TEST(JsonPathTest, FindsWhatThePathNames) {
  const Value root = *ParseJson(kDocument);
  const std::pair<const char*, const char*> rows[] = {
      {"$.data[0].name", R"("Laptop")"},
      {"data[0].price", "999.99"},
      {".data[1]", R"({"name":"Mouse"})"},
      {"['data'][-1].name", R"("Mouse")"},
      {"$.data[-2].name", R"("Laptop")"},
      {"$['odd name']['it\\'s']", "1"},
      {"$[\"odd name\"][\"it's\"]", "1"},
      {R"($['odd name']['a"b'])", "2"},
      {R"($['odd name']['back\\slash'])", "3"},
      {"$.größe", "4"},
      {"$.x-id", "5"},
      {"$.2024", "6"},
      {"$.null", "null"},
      {"$['']", "7"},
      {"$.data[*].name", R"(["Laptop","Mouse"])"},
      {"$.data[*].price", "[999.99]"},
      {"$.data.*.name", R"(["Laptop","Mouse"])"},
      {"$.data[0].*", R"(["Laptop",999.99])"},
      {"$.matrix[*][*]", "[1,2,3]"},
      {"$.matrix[*][1]", "[2]"},
      {"$.nothing[*]", "[]"},
      {"$.x-id[*]", "[]"},
  };
  for (const auto& [text, json] : rows) {
    const auto path = JsonPath::Compile(text);
    ASSERT_TRUE(path.ok()) << text << ": " << path.status();
    const auto found = path->Find(root);
    ASSERT_TRUE(found.has_value()) << text;
    std::string actual;
    found->AppendJson(&actual);
    EXPECT_EQ(actual, json) << text;
  }
}

TEST(JsonPathTest, TheRootIsADollar) {
  EXPECT_EQ(*JsonPath::Compile("$")->Find(Value(5)), Value(5));
  EXPECT_EQ(*JsonPath::Compile("*")->Find(Value(ValueList{1, 2})), Value(ValueList{1, 2}));
}

TEST(JsonPathTest, FindsNothingWhereThePathLeadsNowhere) {
  const Value root = *ParseJson(kDocument);
  for (const char* text : {"$.nothing", "$.data.name", "$.data[2]", "$.data[-3]",
                           "$.data[0].name.x", "$.odd", "$.null.x", "$.data['0']", "$[0]",
                           "$.data[9223372036854775807]", "$.data[-9223372036854775808]"}) {
    const auto path = JsonPath::Compile(text);
    ASSERT_TRUE(path.ok()) << text << ": " << path.status();
    EXPECT_FALSE(path->Find(root).has_value()) << text;
    EXPECT_EQ(path->FindOne(root), nullptr) << text;
  }
}

TEST(JsonPathTest, FindOnePointsIntoTheDocument) {
  const Value root = *ParseJson(kDocument);
  EXPECT_EQ(JsonPath::Compile("$.data")->FindOne(root), root.Find("data"));
  EXPECT_EQ(JsonPath::Compile("$.data[*]")->FindOne(root), nullptr) << "a wildcard has many";
  EXPECT_TRUE(JsonPath::Compile("$.data[*]")->HasWildcard());
}

TEST(JsonPathTest, SaysWhatIsWrongAndWhere) {
  const std::pair<const char*, const char*> rows[] = {
      {"", "offset 0: must not be empty; '$' is the whole document"},
      {"$.", "offset 2: must be a name or '*'; a name with other characters goes into ['…']"},
      {"$..name",
       "offset 2: must be a name: '..' (any depth) is not supported, write the whole path"},
      {"$.a b", "offset 3: must be '.' or '['; a name with other characters goes into ['…']"},
      {"$a", "offset 1: must be '.' or '['; a name with other characters goes into ['…']"},
      {"$.a[", "offset 4: must be an index such as 0 or -1, '*', or a name in quotes"},
      {"$.a[]", "offset 4: must be an index such as 0 or -1, '*', or a name in quotes"},
      {"$.a[b]", "offset 4: must be an index such as 0 or -1, '*', or a name in quotes"},
      {"$.a[?@.b]", "offset 4: must be an index such as 0 or -1, '*', or a name in quotes"},
      {"$.a[0:2]", "offset 5: must be ']'; slices, unions and filters are not supported"},
      {"$.a[0,1]", "offset 5: must be ']'; slices, unions and filters are not supported"},
      {"$.a[0", "offset 5: must be ']'; slices, unions and filters are not supported"},
      {"$['a", "offset 4: must have a closing '"},
      {"$['a\\n']", "offset 5: must be the quote or '\\' after '\\'"},
      {"$['a\\", "offset 5: must be the quote or '\\' after '\\'"},
      {"$[99999999999999999999]",
       "offset 2: must be an index such as 0 or -1, '*', or a name in quotes"},
  };
  for (const auto& [text, message] : rows) {
    const auto path = JsonPath::Compile(text);
    EXPECT_EQ(path.status().code(), absl::StatusCode::kInvalidArgument) << text;
    EXPECT_EQ(path.status().message(), message) << text;
  }
}

TEST(JsonPathTest, HasLimits) {
  std::string deep = "$";
  for (int i = 0; i < 64; ++i) {
    deep += "[0]";
  }
  EXPECT_TRUE(JsonPath::Compile(deep).ok());
  EXPECT_FALSE(JsonPath::Compile(deep + "[0]").ok());
  EXPECT_FALSE(JsonPath::Compile(std::string(10'000, 'a')).ok());
}

TEST(JsonPathTest, NeverStopsTheProcessOnRandomText) {
  constexpr std::string_view kAlphabet = "$.[]*'\"\\-0a9 \xFF";
  uint64_t state = 1;
  for (int round = 0; round < 20'000; ++round) {
    std::string text;
    for (int i = 0; i < 12; ++i) {
      state = state * 6364136223846793005u + 1442695040888963407u;
      text.push_back(kAlphabet[(state >> 33) % kAlphabet.size()]);
    }
    const auto path = JsonPath::Compile(text);
    if (path.ok()) {
      path->Find(Value(ValueList{1, ValueObject{{"a", 2}}}));
    }
  }
}

}  // namespace
}  // namespace squall
