#include "tests/support/kube/schema.h"

#include <string>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

namespace squall {
namespace {

namespace json = boost::json;

const json::object& Schema() {
  static const json::object kSchema = json::parse(R"json({
    "type": "object",
    "required": ["spec"],
    "properties": {
      "spec": {
        "type": "object",
        "required": ["stages"],
        "properties": {
          "mode": {"type": "string", "enum": ["Run", "Stop"], "default": "Run"},
          "name": {"type": "string", "minLength": 2, "maxLength": 4, "pattern": "^[a-z]+$"},
          "rate": {"x-kubernetes-int-or-string": true},
          "nested": {"type": "object", "default": {}, "properties": {
            "deep": {"type": "integer", "default": 7}}},
          "stages": {"type": "array", "minItems": 1, "maxItems": 2,
                     "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["id"],
                     "items": {"type": "object", "properties": {
                       "id": {"type": "string"},
                       "users": {"type": "integer", "format": "int32", "minimum": 0,
                                 "maximum": 100}}}},
          "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
          "labels": {"type": "object", "additionalProperties": {"type": "string"}},
          "when": {"type": "string", "format": "date-time"}
        }
      }
    }
  })json")
                                          .get_object();
  return kSchema;
}

TEST(SchemaTest, FillsInDefaultsDownToNewObjects) {
  json::value value = json::parse(R"({"spec":{"stages":[]}})");
  ApplyDefaults(Schema(), &value);
  EXPECT_EQ(value, json::parse(R"({"spec":{"stages":[],"mode":"Run","nested":{"deep":7}}})"))
      << json::serialize(value);
}

TEST(SchemaTest, PrunesWhatItDoesNotKnow) {
  json::value value = json::parse(R"({"apiVersion":"v1","metadata":{"x":1},"spec":{
      "typo":1,"stages":[{"id":"a","usrs":1}],"free":{"any":{"thing":1}},"labels":{"a":"b"}}})");
  EXPECT_EQ(PruneUnknown(Schema(), &value),
            (std::vector<std::string>{"spec.stages[0].usrs", "spec.typo"}));
  EXPECT_EQ(value, json::parse(R"({"apiVersion":"v1","metadata":{"x":1},"spec":{
      "stages":[{"id":"a"}],"free":{"any":{"thing":1}},"labels":{"a":"b"}}})"));
}

TEST(SchemaTest, SaysWhatIsWrongInTheServersWords) {
  const struct {
    const char* spec;
    const char* field;
    const char* reason;
    const char* message;
  } rows[] = {
      {R"({})", "spec.stages", "FieldValueRequired", "Required value"},
      {R"({"stages":"x"})", "spec.stages", "FieldValueTypeInvalid",
       "Invalid value: \"string\": spec.stages in body must be of type array: \"string\""},
      {R"({"stages":[]})", "spec.stages", "FieldValueInvalid",
       "Invalid value: 0: spec.stages in body should have at least 1 items"},
      {R"({"stages":[{"id":"a"},{"id":"b"},{"id":"c"}]})", "spec.stages", "FieldValueTooMany",
       "Too many: 3: must have at most 2 items"},
      {R"({"stages":[{"id":"a"},{"id":"a"}]})", "spec.stages[1]", "FieldValueDuplicate",
       "Duplicate value: {\"id\":\"a\"}"},
      {R"({"stages":[{"users":-1}]})", "spec.stages[0].users", "FieldValueInvalid",
       "Invalid value: -1: spec.stages[0].users in body should be greater than or equal to 0"},
      {R"({"stages":[{"users":1.5}]})", "spec.stages[0].users", "FieldValueTypeInvalid",
       "Invalid value: \"number\": spec.stages[0].users in body must be of type integer: "
       "\"number\""},
      {R"({"stages":[{}],"mode":"Fly"})", "spec.mode", "FieldValueNotSupported",
       "Unsupported value: \"Fly\": supported values: \"Run\", \"Stop\""},
      {R"({"stages":[{}],"name":"ABC"})", "spec.name", "FieldValueInvalid",
       "Invalid value: \"ABC\": spec.name in body should match '^[a-z]+$'"},
      {R"({"stages":[{}],"name":"abcde"})", "spec.name", "FieldValueTooLong",
       "Too long: may not be more than 4 bytes"},
      {R"({"stages":[{}],"rate":1.5})", "spec.rate", "FieldValueInvalid",
       "Invalid value: \"number\": spec.rate in body must be of type integer,string: \"number\""},
      {R"({"stages":[{}],"when":"soon"})", "spec.when", "FieldValueInvalid",
       "Invalid value: \"soon\": spec.when in body must be of type date-time: \"soon\""},
      {R"({"stages":[{}],"labels":{"a":1}})", "spec.labels.a", "FieldValueTypeInvalid",
       "Invalid value: \"integer\": spec.labels.a in body must be of type string: \"integer\""},
  };
  for (const auto& row : rows) {
    const json::value value = {{"spec", json::parse(row.spec)}};
    const std::vector<ApiCause> causes = Validate(Schema(), value);
    ASSERT_EQ(causes.size(), 1U) << row.spec;
    EXPECT_EQ(causes[0].field, row.field);
    EXPECT_EQ(causes[0].reason, row.reason) << row.spec;
    EXPECT_EQ(causes[0].message, row.message);
  }
}

TEST(SchemaTest, AcceptsWhatFits) {
  EXPECT_TRUE(Validate(Schema(), json::parse(R"({"spec":{"stages":[{"id":"a","users":3}],
      "rate":"12.5","name":"abc","when":"2026-11-25T02:00:00.5+01:00","free":{"x":[1]}}})"))
                  .empty());
}

}  // namespace
}  // namespace squall
