#include "tests/support/kube/apply.h"

#include <string>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

#include "tests/support/kube/json_tools.h"

namespace squall {
namespace {

namespace json = boost::json;

constexpr const char* kNow = "2026-11-25T02:00:00Z";
constexpr const char* kLater = "2026-11-25T03:00:00Z";

FieldManager Applier(const char* name) { return {name, "Apply", "v1", ""}; }

// An object as it develops: each call is one write.
class ApplyTest : public testing::Test {
 protected:
  ApiRefusal Apply(const char* manager, const char* intent, bool force = false,
                   const char* now = kNow) {
    json::object next;
    const ApiRefusal refusal =
        ApplyIntent(live_, json::parse(intent).get_object(), BuiltinShapes("Pod"), Applier(manager),
                    force, now, &next);
    if (!refusal) {
      live_ = std::move(next);
    }
    return refusal;
  }

  void Update(const char* manager, const char* path, json::value value) {
    json::object next = live_;
    Plant(&next, path, std::move(value));
    RecordUpdate(live_, BuiltinShapes("Pod"), {manager, "Update", "v1", ""}, kNow, &next);
    live_ = std::move(next);
  }

  // Without managedFields.
  json::value Content() const {
    json::object content = live_;
    Uproot(&content, "metadata.managedFields");
    if (const json::object* const metadata = DigObject(content, "metadata");
        metadata != nullptr && metadata->empty()) {
      content.erase("metadata");
    }
    return content;
  }

  // fieldsV1 of the one entry of the manager.
  json::value FieldsOf(std::string_view manager) const {
    const json::array* const entries = DigArray(live_, "metadata.managedFields");
    for (size_t at = 0; entries != nullptr && at < entries->size(); ++at) {
      if (DigText((*entries)[at].get_object(), "manager") == manager) {
        return (*entries)[at].at("fieldsV1");
      }
    }
    return nullptr;
  }

  json::object live_;
};

TEST_F(ApplyTest, RecordsWhatWasNamedAndNothingElse) {
  ASSERT_FALSE(Apply("a", R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"p",
      "labels":{"app":"x"}},"spec":{"containers":[{"name":"c","image":"i"}]}})"));
  EXPECT_EQ(FieldsOf("a"), json::parse(R"({"f:metadata":{"f:labels":{"f:app":{}}},
      "f:spec":{"f:containers":{"k:{\"name\":\"c\"}":{".":{},"f:image":{},"f:name":{}}}}})"))
      << json::serialize(FieldsOf("a"));
}

TEST_F(ApplyTest, RemovesWhatItsOwnerNoLongerNames) {
  ASSERT_FALSE(Apply("a", R"({"spec":{"x":1,"y":2,"deep":{"only":3}}})"));
  ASSERT_FALSE(Apply("a", R"({"spec":{"x":1}})"));
  EXPECT_EQ(Content(), json::parse(R"({"spec":{"x":1}})"));
}

TEST_F(ApplyTest, KeepsWhatAnotherNamesToo) {
  ASSERT_FALSE(Apply("a", R"({"spec":{"x":1,"y":2}})"));
  ASSERT_FALSE(Apply("b", R"({"spec":{"y":2}})"));  // the same value is no conflict
  ASSERT_FALSE(Apply("a", R"({"spec":{"x":1}})"));
  EXPECT_EQ(Content(), json::parse(R"({"spec":{"x":1,"y":2}})"));
  EXPECT_EQ(FieldsOf("a"), json::parse(R"({"f:spec":{"f:x":{}}})"));
}

TEST_F(ApplyTest, AConflictNamesManagerAndField) {
  ASSERT_FALSE(Apply("a", R"({"spec":{"x":1}})"));
  const ApiRefusal refusal = Apply("b", R"({"spec":{"x":2}})");
  ASSERT_TRUE(refusal.has_value());
  EXPECT_EQ(refusal->code, 409);
  EXPECT_EQ(refusal->message,
            "Apply failed with 1 conflict: conflict with \"a\" using v1: .spec.x");
  EXPECT_EQ(refusal->causes.at(0).reason, "FieldManagerConflict");
  EXPECT_EQ(refusal->causes.at(0).field, ".spec.x");
}

TEST_F(ApplyTest, ForceTakesTheField) {
  ASSERT_FALSE(Apply("a", R"({"spec":{"x":1}})"));
  ASSERT_FALSE(Apply("b", R"({"spec":{"x":2}})", /*force=*/true));
  EXPECT_EQ(Content(), json::parse(R"({"spec":{"x":2}})"));
  EXPECT_EQ(FieldsOf("a"), json::value(nullptr));  // owns nothing any more
}

TEST_F(ApplyTest, AnUpdateTakesFieldsAndTheNextApplyConflicts) {
  ASSERT_FALSE(Apply("a", R"({"spec":{"x":1}})"));
  Update("kubectl-edit", "spec.x", 5);
  EXPECT_EQ(FieldsOf("kubectl-edit"), json::parse(R"({"f:spec":{"f:x":{}}})"));
  const ApiRefusal refusal = Apply("a", R"({"spec":{"x":1}})");
  ASSERT_TRUE(refusal.has_value());
  EXPECT_NE(refusal->message.find("\"kubectl-edit\""), std::string::npos);
}

TEST_F(ApplyTest, OneNameThatAppliesAndUpdatesIsTwoManagers) {
  ASSERT_FALSE(Apply("a", R"({"spec":{"x":1}})"));
  Update("a", "spec.x", 5);
  EXPECT_TRUE(Apply("a", R"({"spec":{"x":1}})").has_value());
}

TEST_F(ApplyTest, AnUnchangedApplyChangesNothingNotEvenTheTime) {
  const char* const intent = R"({"spec":{"x":1,"list":[1,2]}})";
  ASSERT_FALSE(Apply("a", intent));
  const json::object before = live_;
  ASSERT_FALSE(Apply("a", intent, false, kLater));
  EXPECT_EQ(live_, before) << json::serialize(live_);
}

TEST_F(ApplyTest, MergesListsByKey) {
  ASSERT_FALSE(Apply("a", R"({"status":{"conditions":[{"type":"A","status":"True"}]}})"));
  ASSERT_FALSE(Apply("b", R"({"status":{"conditions":[{"type":"B","status":"False"}]}})"));
  ASSERT_FALSE(Apply("a", R"({"status":{"conditions":[{"type":"A","status":"False"}]}})"));
  EXPECT_EQ(Content(), json::parse(R"({"status":{"conditions":[
      {"type":"A","status":"False"},{"type":"B","status":"False"}]}})"));
  ASSERT_FALSE(Apply("a", R"({"status":{"x":1}})"));
  EXPECT_EQ(Content(), json::parse(R"({"status":{"conditions":[
      {"type":"B","status":"False"}],"x":1}})"));
}

TEST_F(ApplyTest, PortsAreKeyedWithTheirDefaultProtocol) {
  ASSERT_FALSE(Apply("a", R"({"spec":{"containers":[{"name":"c","ports":[
      {"containerPort":80,"protocol":"TCP"}]}]}})"));
  ASSERT_FALSE(Apply("b", R"({"spec":{"containers":[{"name":"c","ports":[
      {"containerPort":80},{"containerPort":80,"protocol":"UDP"}]}]}})"));
  EXPECT_EQ(DigArray(live_, "spec.containers")->at(0).at("ports").as_array().size(), 2U)
      << json::serialize(live_);
}

TEST_F(ApplyTest, FinalizersAreASet) {
  ASSERT_FALSE(Apply("a", R"({"metadata":{"finalizers":["x.dev/a"]}})"));
  ASSERT_FALSE(Apply("b", R"({"metadata":{"finalizers":["x.dev/b"]}})"));
  ASSERT_FALSE(Apply("a", R"({"metadata":{"labels":{"l":"1"}}})"));
  EXPECT_EQ(*DigArray(live_, "metadata.finalizers"), json::parse(R"(["x.dev/b"])"));
}

TEST_F(ApplyTest, AListWithoutAKeyIsOneValue) {
  ASSERT_FALSE(Apply("a", R"({"spec":{"list":[1,2]}})"));
  ASSERT_FALSE(Apply("a", R"({"spec":{"list":[3]}})"));
  EXPECT_EQ(Content(), json::parse(R"({"spec":{"list":[3]}})"));
}

}  // namespace
}  // namespace squall
