#include "operator/kube/api/object.h"

#include <cstdint>
#include <string>
#include <unordered_set>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

namespace squall {
namespace {

namespace json = boost::json;

json::object Parse(const std::string& text) { return json::parse(text).as_object(); }

TEST(ObjectTest, FindsAValueByItsPath) {
  const json::object object = Parse(R"({"a":{"b":{"c":5}},"x":null})");
  ASSERT_NE(Find(object, "a.b.c"), nullptr);
  EXPECT_EQ(Find(object, "a.b.c")->as_int64(), 5);
  EXPECT_NE(Find(object, "x"), nullptr);
  EXPECT_EQ(Find(object, "a.c"), nullptr);
  EXPECT_EQ(Find(object, "a.b.c.d"), nullptr);
  EXPECT_EQ(Find(object, "x.y"), nullptr);
  EXPECT_EQ(Find(object, ""), nullptr);
}

TEST(ObjectTest, AWrongTypeReadsAsTheDefault) {
  const json::object object =
      Parse(R"({"s":"t","i":3,"d":2.5,"b":true,"l":[1],"o":{},"big":18446744073709551615})");
  EXPECT_EQ(StringAt(object, "s"), "t");
  EXPECT_EQ(StringAt(object, "i", "none"), "none");
  EXPECT_EQ(IntAt(object, "i"), 3);
  EXPECT_EQ(IntAt(object, "d", 7), 7);
  EXPECT_EQ(IntAt(object, "big", 7), 7);
  EXPECT_EQ(IntAt(object, "s", 7), 7);
  EXPECT_TRUE(BoolAt(object, "b"));
  EXPECT_TRUE(BoolAt(object, "s", true));
  EXPECT_DOUBLE_EQ(NumberAt(object, "d"), 2.5);
  EXPECT_DOUBLE_EQ(NumberAt(object, "i"), 3);
  EXPECT_DOUBLE_EQ(NumberAt(object, "s", 1.5), 1.5);
  EXPECT_EQ(ObjectAt(object, "l"), nullptr);
  EXPECT_NE(ArrayAt(object, "l"), nullptr);
  EXPECT_EQ(ArrayAt(object, "o"), nullptr);
}

TEST(ObjectTest, ReadsAnUnsignedNumberThatWeHaveMade) {
  const json::object object{{"n", uint64_t{42}}};
  EXPECT_EQ(IntAt(object, "n"), 42);
}

TEST(ObjectTest, ReadsMetadata) {
  const json::object object = Parse(R"({"metadata":{
    "name":"peak","namespace":"team","uid":"u-1","resourceVersion":"77","generation":3,
    "labels":{"app.kubernetes.io/name":"x"},"annotations":{"squall.dev/a":"b"},
    "creationTimestamp":"2026-01-01T00:00:00Z","deletionTimestamp":"2026-01-01T00:00:05Z",
    "finalizers":["squall.dev/drain"]}})");
  EXPECT_EQ(KeyOf(object), (ObjectKey{"team", "peak"}));
  EXPECT_EQ(Uid(object), "u-1");
  EXPECT_EQ(ResourceVersion(object), "77");
  EXPECT_EQ(Generation(object), 3);
  EXPECT_EQ(Label(object, "app.kubernetes.io/name"), "x");
  EXPECT_EQ(Label(object, "app"), "");
  EXPECT_EQ(Annotation(object, "squall.dev/a"), "b");
  EXPECT_TRUE(HasFinalizer(object, "squall.dev/drain"));
  EXPECT_FALSE(HasFinalizer(object, "drain"));
  EXPECT_TRUE(IsBeingDeleted(object));
  ASSERT_TRUE(CreationTimestamp(object) && DeletionTimestamp(object));
  EXPECT_EQ(*DeletionTimestamp(object) - *CreationTimestamp(object), std::chrono::seconds(5));
}

TEST(ObjectTest, AnEmptyObjectHasNoMetadata) {
  const json::object object;
  EXPECT_EQ(KeyOf(object), ObjectKey{});
  EXPECT_FALSE(IsBeingDeleted(object));
  EXPECT_FALSE(CreationTimestamp(object));
  EXPECT_FALSE(ControllerOf(object));
  EXPECT_FALSE(HasFinalizer(object, "x"));
  EXPECT_EQ(ConditionOf(object, "Ready"), nullptr);
}

TEST(ObjectTest, KeysCompareHashAndPrint) {
  EXPECT_EQ((ObjectKey{"a", "b"}.ToString()), "a/b");
  EXPECT_EQ((ObjectKey{"", "b"}.ToString()), "b");
  EXPECT_LT((ObjectKey{"a", "z"}), (ObjectKey{"b", "a"}));
  const std::unordered_set<ObjectKey> keys{{"a", "b"}, {"b", "a"}, {"a", "b"}};
  EXPECT_EQ(keys.size(), 2U);
}

TEST(ObjectTest, TheOwnerReplacesAnotherControllerAndKeepsPlainOwners) {
  const json::object owner = Parse(R"({"metadata":{"name":"peak","uid":"u-1"}})");
  json::object child = Parse(R"({"metadata":{"name":"c","ownerReferences":[
    {"kind":"Plain","uid":"p"},{"kind":"Old","uid":"o","controller":true}]}})");
  SetOwner(&child, kLoadTests, owner);
  SetOwner(&child, kLoadTests, owner);
  EXPECT_EQ(*ControllerOf(child), (OwnerRef{"squall.dev/v1alpha1", "LoadTest", "peak", "u-1"}));
  EXPECT_EQ(ArrayAt(child, "metadata.ownerReferences")->size(), 2U);
  EXPECT_TRUE(OwnedBy(child, "u-1"));
  EXPECT_FALSE(OwnedBy(child, "p"));
  EXPECT_FALSE(OwnedBy(child, ""));
  EXPECT_EQ(json::serialize(ArrayAt(child, "metadata.ownerReferences")->at(1)),
            R"({"apiVersion":"squall.dev/v1alpha1","kind":"LoadTest","name":"peak","uid":"u-1",)"
            R"("controller":true,"blockOwnerDeletion":true})");
}

TEST(ObjectTest, AnOwnerCanBeSetWhereThereIsNoMetadata) {
  json::object child;
  SetOwner(&child, kLoadTests, Parse(R"({"metadata":{"name":"peak","uid":"u-1"}})"));
  EXPECT_TRUE(OwnedBy(child, "u-1"));
}

TEST(ObjectTest, FindsAConditionByItsType) {
  const json::object object =
      Parse(R"({"status":{"conditions":[{"type":"A"},7,{"type":"B","status":"True"}]}})");
  ASSERT_NE(ConditionOf(object, "B"), nullptr);
  EXPECT_EQ(StringAt(*ConditionOf(object, "B"), "status"), "True");
  EXPECT_EQ(ConditionOf(object, "C"), nullptr);
}

TEST(ObjectTest, ANewObjectSaysWhatItIs) {
  EXPECT_EQ(json::serialize(NewObject(kPods, {"a", "b"})),
            R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"b","namespace":"a"}})");
  EXPECT_EQ(json::serialize(NewObject(kNamespaces, {"", "b"})),
            R"({"apiVersion":"v1","kind":"Namespace","metadata":{"name":"b"}})");
}

TEST(ObjectTest, StripsManagedFieldsOnly) {
  json::object object = Parse(R"({"metadata":{"name":"a","managedFields":[{}]}})");
  StripManagedFields(&object);
  EXPECT_EQ(json::serialize(object), R"({"metadata":{"name":"a"}})");
}

}  // namespace
}  // namespace squall
