#include "daemon/gateway/json_fields.h"

#include <string>

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace squall {
namespace {

std::string Message(const absl::Status& status) { return std::string(status.message()); }

class JsonFieldsTest : public testing::Test {
 protected:
  JsonFields Fields(const std::string& text) {
    value_ = *ParseBodyObject(text);
    status_ = absl::OkStatus();
    return {&value_.as_object(), "", &status_};
  }

  boost::json::value value_;
  absl::Status status_;
};

TEST_F(JsonFieldsTest, ReadsWhatIsThereAndLeavesOutWhatIsNull) {
  JsonFields fields = Fields(R"({"text":"a","flag":true,"count":3,"number":1e2,)"
                             R"("list":["x","y"],"map":{"k":"v"},"no":null})");
  EXPECT_EQ(fields.Text("text", 10), "a");
  EXPECT_EQ(fields.Flag("flag"), true);
  EXPECT_EQ(fields.Count("count", 0, 9), 3u);
  EXPECT_EQ(fields.Number("number", 0, 1000), 100.0);
  EXPECT_EQ(fields.Texts("list"), (std::vector<std::string>{"x", "y"}));
  EXPECT_EQ(fields.TextByName("map"), (std::map<std::string, std::string>{{"k", "v"}}));
  EXPECT_EQ(fields.Text("no", 10), std::nullopt);
  EXPECT_EQ(fields.Count("missing", 0, 9), std::nullopt);
  fields.Finish();
  EXPECT_TRUE(status_.ok()) << status_;
}

TEST_F(JsonFieldsTest, AnUnknownFieldIsRefusedWithTheNearestName) {
  JsonFields fields = Fields(R"({"user":3})");
  fields.Count("users", 0, 9);
  fields.Flag("paused");
  fields.Finish();
  EXPECT_EQ(Message(status_), "the body must have no field 'user', did you mean 'users'?");

  JsonFields far = Fields(R"({"xyz":3})");
  far.Count("users", 0, 9);
  far.Flag("paused");
  far.Finish();
  EXPECT_EQ(Message(status_), "the body must have no field 'xyz'; it may have users, paused");
}

TEST_F(JsonFieldsTest, AWrongValueSaysWhatItMustBe) {
  Fields(R"({"users":-1})").Count("users", 0, 9);
  EXPECT_EQ(Message(status_), "users must be a whole number from 0 to 9, got -1");
  Fields(R"({"users":1.5})").Count("users", 0, 9);
  EXPECT_EQ(Message(status_), "users must be a whole number from 0 to 9, got 1.5E0");
  Fields(R"({"users":"3"})").Count("users", 0, 9);
  EXPECT_EQ(Message(status_), R"(users must be a whole number from 0 to 9, got "3")");
  Fields(R"({"rate":0})").PositiveNumber("rate", 5);
  EXPECT_EQ(Message(status_), "rate must be a number above 0 and at most 5, got 0");
  Fields(R"({"factor":6})").Number("factor", 0, 5);
  EXPECT_EQ(Message(status_), "factor must be a number from 0 to 5, got 6");
  Fields(R"({"host":"long"})").Text("host", 3);
  EXPECT_EQ(Message(status_), R"(host must be a text of at most 3 bytes, got "long")");
  Fields(R"({"paused":1})").Flag("paused");
  EXPECT_EQ(Message(status_), "paused must be true or false, got 1");
  Fields(R"({"tags":[1]})").Texts("tags");
  EXPECT_EQ(Message(status_), "tags must be a list of at most 1000 texts, got [1]");
  Fields(R"({"options":{"a":1}})").TextByName("options");
  EXPECT_EQ(Message(status_), R"(options must be an object of at most 1000 texts, got {"a":1})");
}

TEST_F(JsonFieldsTest, InsideOfAListThePathIsNamed) {
  JsonFields fields = Fields(R"({"stages":[{"users":1},{"users":"x"}]})");
  auto stages = fields.Objects("stages", 5);
  ASSERT_TRUE(stages.has_value());
  ASSERT_EQ(stages->size(), 2u);
  for (JsonFields& stage : *stages) {
    stage.Count("users", 0, 9);
    stage.Finish();
  }
  EXPECT_EQ(Message(status_), R"(stages[1].users must be a whole number from 0 to 9, got "x")");
  Fields(R"({"stages":[1]})").Objects("stages", 5);
  EXPECT_EQ(Message(status_), "stages must be a list of at most 5 objects, got [1]");
}

TEST(ParseBodyObjectTest, RefusesWhatIsNoObject) {
  EXPECT_TRUE(ParseBodyObject("{}").ok());
  for (const char* text : {"", "{", "[]", "1", "{} {}", R"({"a":})"}) {
    const absl::Status status = ParseBodyObject(text).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << text;
    EXPECT_TRUE(Message(status).starts_with("the body must be a JSON object")) << status;
  }
}

TEST(ParseBodyObjectTest, RefusesADeepOne) {
  const std::string deep = R"({"a":)" + std::string(100000, '[');
  EXPECT_EQ(ParseBodyObject(deep).status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace squall
