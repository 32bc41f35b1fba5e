#include "daemon/plan/json_check.h"

#include <gtest/gtest.h>

#include "tests/daemon/plan/fake_reply.h"

namespace squall {
namespace {

constexpr const char* kBody = R"({
  "productID": 7, "name": "Laptop", "price": 999.99, "ratio": 3.0, "stock": "12", "ok": true,
  "none": null, "tags": ["a", "b"], "items": [{"id": 1, "n": "x"}, {"id": 2}], "empty": []
})";

// "pass", or the reason of the failure.
std::string Checked(const JsonIs& check, std::string_view body = kBody) {
  const auto compiled = JsonCheck::Make(check);
  EXPECT_TRUE(compiled.ok()) << compiled.status();
  FakeScope scope;
  scope.variables = {
      {"product", Value(ValueObject{{"name", "Laptop"}, {"price", 999.99}, {"bad", "cheap"}})}};
  ResponseView view;
  view.body = body;
  return compiled->Failure(view, scope).value_or("pass");
}

TEST(JsonCheckTest, APathAloneMustExist) {
  const std::pair<const char*, const char*> rows[] = {
      {"$", "pass"},
      {"$.price", "pass"},
      {"$.none", "pass"},
      {"$.items[*].id", "pass"},
      {"$.nothing", "json $.nothing: missing"},
      {"$.items[2]", "json $.items[2]: missing"},
      {"$.empty[*]", "json $.empty[*]: missing"},
  };
  for (const auto& [path, expected] : rows) {
    EXPECT_EQ(Checked({.path = path}), expected) << path;
  }
}

TEST(JsonCheckTest, EqualsComparesAsText) {
  const std::tuple<const char*, const char*, const char*> rows[] = {
      {"$.name", "Laptop", "pass"},
      {"$.name", "{{product.name}}", "pass"},
      {"$.price", "999.99", "pass"},
      {"$.price", "999.990", "pass"},
      {"$.ratio", "3", "pass"},
      {"$.ratio", "3.0", "pass"},
      {"$.ok", "true", "pass"},
      {"$.none", "", "pass"},
      {"$.stock", "12", "pass"},
      {"$.stock", "12.0", "json $.stock: expected 12.0, got 12"},
      {"$.tags", R"(["a","b"])", "pass"},
      {"$.items[*].id", "[1,2]", "pass"},
      {"$.name", "laptop", "json $.name: expected laptop, got Laptop"},
      {"$.none", "x", "json $.none: expected x, got null"},
      {"$.items[0]", "1", R"(json $.items[0]: expected 1, got {"id":1,"n":"x"})"},
      {"$.nothing", "1", "json $.nothing: missing"},
      {"$.name", "{{nobody}}", "variable 'nobody' must be set before it is used"},
  };
  for (const auto& [path, equals, expected] : rows) {
    EXPECT_EQ(Checked({.path = path, .equals = equals}), expected) << path << " = " << equals;
  }
}

TEST(JsonCheckTest, NumbersMayDifferByTheTolerance) {
  const std::tuple<const char*, const char*, double, const char*> rows[] = {
      {"$.price", "999.99", 0, "pass"},
      {"$.price", "{{product.price}}", 0, "pass"},
      {"$.price", "1000", 0.01, "pass"},  // as doubles they are a little more than 0.01 apart
      {"$.price", "999.98", 0.01, "pass"},
      {"$.price", "1000", 0, "json $.price: expected 1000, got 999.99"},
      {"$.price", "1000.5", 0.5, "json $.price: expected 1000.5, got 999.99"},
      {"$.stock", "12", 0, "pass"},
      {"$.name", "12", 100, "json $.name: expected 12, got Laptop"},
      {"$.none", "0", 1, "json $.none: expected 0, got null"},
      {"$.tags", "0", 1, R"(json $.tags: expected 0, got ["a","b"])"},
      {"$.price", "{{product.bad}}", 1,
       "json $.price: the expected number must be a number, got 'cheap'"},
      {"$.price", "{{nobody}}", 1, "variable 'nobody' must be set before it is used"},
  };
  for (const auto& [path, number, tolerance, expected] : rows) {
    EXPECT_EQ(Checked({.path = path, .number = number, .tolerance = tolerance}), expected)
        << path << " ~ " << number;
  }
}

TEST(JsonCheckTest, ObjectsMustHaveTheFields) {
  const std::tuple<const char*, std::vector<std::string>, const char*> rows[] = {
      {"$", {"productID", "name", "price", "stock"}, "pass"},
      {"$", {"none"}, "pass"},
      {"$", {"name", "color", "size"}, "Missing field in response: color"},
      {"$.tags", {"x"}, R"(json $.tags: expected an object, got ["a","b"])"},
      {"$.items[*]", {"id"}, "pass"},
      {"$.items[*]", {"id", "n"}, "Missing field in response: n"},
      {"$.tags[*]", {"id"}, "json $.tags[*]: expected an object, got a"},
  };
  for (const auto& [path, fields, expected] : rows) {
    EXPECT_EQ(Checked({.path = path, .has_fields = fields}), expected) << path;
  }
}

TEST(JsonCheckTest, HostileBodiesFailWithShortReasons) {
  EXPECT_EQ(Checked({.path = "$"}, ""), "Invalid JSON: empty body");
  EXPECT_EQ(Checked({.path = "$"}, "<html>"), "Invalid JSON");
  EXPECT_EQ(Checked({.path = "$"}, "\"\xFF\""), "Invalid JSON");
  EXPECT_EQ(Checked({.path = "$"}, std::string(10'000, '[')), "Invalid JSON");
  EXPECT_EQ(Checked({.path = "$", .number = "1"}, "1e999"), "json $: expected 1, got inf");
  EXPECT_EQ(Checked({.path = "$", .number = "1", .tolerance = 1e300}, "1e999"),
            "json $: expected 1, got inf");
  const std::string huge = "\"" + std::string(1 << 20, 'a') + "\"";
  EXPECT_EQ(Checked({.path = "$", .equals = "b"}, huge),
            "json $: expected b, got " + std::string(64, 'a') + "…");
  EXPECT_EQ(Checked({.path = "$", .equals = "b"}, R"("line\nbreak")"),
            "json $: expected b, got line break");
}

TEST(JsonCheckTest, RefusesWhatDoesNotCompile) {
  const std::pair<JsonIs, const char*> rows[] = {
      {{.path = "$["}, "offset 2: must be an index such as 0 or -1, '*', or a name in quotes"},
      {{.path = "$", .equals = "{{"},
       "offset 0: '{{' must be closed by '}}' (write '{{{{' for the text '{{')"},
      {{.path = "$", .number = "ten"}, "number must be a number, got 'ten'"},
      {{.path = "$", .number = "1", .tolerance = -1}, "tolerance must be 0 or more, got -1"},
  };
  for (const auto& [check, message] : rows) {
    EXPECT_EQ(JsonCheck::Make(check).status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(JsonCheck::Make(check).status().message(), message);
  }
}

}  // namespace
}  // namespace squall
