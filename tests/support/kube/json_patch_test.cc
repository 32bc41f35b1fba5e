#include "tests/support/kube/json_patch.h"

#include <string>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

namespace squall {
namespace {

namespace json = boost::json;

struct Row {
  const char* says;
  const char* document;
  const char* patch;
  const char* expected;  // nullptr: refused
};

TEST(JsonPatchTest, DoesWhatRfc6902Says) {
  const Row rows[] = {
      {"adds a member", R"({"a":1})", R"([{"op":"add","path":"/b","value":2}])",
       R"({"a":1,"b":2})"},
      {"adds into a list", R"({"a":[1,3]})", R"([{"op":"add","path":"/a/1","value":2}])",
       R"({"a":[1,2,3]})"},
      {"appends", R"({"a":[1]})", R"([{"op":"add","path":"/a/-","value":2}])", R"({"a":[1,2]})"},
      {"removes", R"({"a":[1,2]})", R"([{"op":"remove","path":"/a/0"}])", R"({"a":[2]})"},
      {"moves", R"({"a":1})", R"([{"op":"move","from":"/a","path":"/b"}])", R"({"b":1})"},
      {"copies", R"({"a":1})", R"([{"op":"copy","from":"/a","path":"/b"}])", R"({"a":1,"b":1})"},
      {"unescapes", R"({"a/b":{"~":1}})", R"([{"op":"replace","path":"/a~1b/~0","value":2}])",
       R"({"a/b":{"~":2}})"},
      {"tests before it changes", R"({"a":1})",
       R"([{"op":"test","path":"/a","value":1},{"op":"remove","path":"/a"}])", "{}"},
      {"a failed test", R"({"a":1})", R"([{"op":"test","path":"/a","value":2}])", nullptr},
      {"a missing parent", "{}", R"([{"op":"add","path":"/a/b","value":2}])", nullptr},
      {"a missing member", "{}", R"([{"op":"remove","path":"/a"}])", nullptr},
      {"replaces only what is there", "{}", R"([{"op":"replace","path":"/a","value":2}])", nullptr},
      {"an index beyond the end", R"({"a":[]})", R"([{"op":"add","path":"/a/1","value":2}])",
       nullptr},
      {"an unknown operation", "{}", R"([{"op":"increment","path":"/a"}])", nullptr},
  };
  for (const Row& row : rows) {
    json::value document = json::parse(row.document);
    const ApiRefusal refusal = ApplyJsonPatch(json::parse(row.patch).get_array(), &document);
    EXPECT_EQ(refusal.has_value(), row.expected == nullptr) << row.says;
    if (row.expected != nullptr) {
      EXPECT_EQ(document, json::parse(row.expected)) << row.says << json::serialize(document);
    }
  }
}

TEST(JsonPatchTest, AFailedTestIs422AsTheServerSaysIt) {
  json::value document = json::parse(R"({"a":1})");
  const ApiRefusal refusal = ApplyJsonPatch(
      json::parse(R"([{"op":"test","path":"/a","value":2}])").get_array(), &document);
  ASSERT_TRUE(refusal.has_value());
  EXPECT_EQ(refusal->code, 422);
  EXPECT_EQ(refusal->reason, "Invalid");
  EXPECT_EQ(refusal->causes.at(0).message, "testing value /a failed: test failed");
}

TEST(MergePatchTest, RemovesWithNullAndReplacesListsWhole) {
  json::value document = json::parse(R"({"a":{"b":1,"c":2},"l":[1,2]})");
  ApplyMergePatch(json::parse(R"({"a":{"b":null,"d":3},"l":[9],"n":{"x":null}})"), &document);
  EXPECT_EQ(document, json::parse(R"({"a":{"c":2,"d":3},"l":[9],"n":{}})"));
}

}  // namespace
}  // namespace squall
