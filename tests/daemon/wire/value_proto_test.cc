#include "daemon/wire/value_proto.h"

#include <limits>
#include <string>

#include <gtest/gtest.h>

#include "protos/squall/v1/step.pb.h"
#include "tests/daemon/wire/random_plan.h"

namespace squall {
namespace {

// A list in a list in a list …, `levels` in all.
v1::Value NestedLists(int levels) {
  v1::Value value;
  v1::Value* inner = &value;
  inner->set_kind(v1::VALUE_KIND_LIST);
  for (int i = 1; i < levels; ++i) {
    inner = inner->add_elements();
    inner->set_kind(v1::VALUE_KIND_LIST);
  }
  return value;
}

std::string Refusal(const v1::Value& proto) {
  ProtoReader reader;
  ReadValue(proto, &reader);
  return std::string(reader.status().message());
}

TEST(ValueProtoTest, ValuesSurviveTheTrip) {
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    Rng rng(seed);
    const Value value = RandomValue(&rng, 5);
    v1::Value proto;
    WriteValue(value, &proto);
    ProtoReader reader;
    const Value read = ReadValue(proto, &reader);
    ASSERT_TRUE(reader.ok()) << "seed " << seed << ": " << reader.status();
    ASSERT_TRUE(read == value) << "seed " << seed;
  }
}

TEST(ValueProtoTest, ANumberKeepsItsKind) {
  v1::Value whole;
  WriteValue(int64_t{INT64_MIN}, &whole);
  v1::Value real;
  WriteValue(3.0, &real);
  ProtoReader reader;
  EXPECT_EQ(*ReadValue(whole, &reader).AsInteger(), INT64_MIN);
  EXPECT_EQ(*ReadValue(real, &reader).AsDouble(), 3.0);
}

TEST(ValueProtoTest, TheDeepestValueFitsIntoTheDeepestMessage) {
  const v1::Value proto = NestedLists(kValueDepthMax);
  EXPECT_EQ(Refusal(proto), "");
  v1::Value received;
  EXPECT_TRUE(received.ParseFromString(proto.SerializeAsString()));
}

TEST(ValueProtoTest, DeeperValuesAreRefused) {
  EXPECT_TRUE(Refusal(NestedLists(kValueDepthMax + 1)).ends_with("must be nested at most 64 deep"));
}

TEST(ValueProtoTest, HostileValuesAreRefused) {
  v1::Value value;
  value.set_kind(v1::VALUE_KIND_NUMBER);
  value.set_number(std::numeric_limits<double>::quiet_NaN());
  EXPECT_EQ(Refusal(value), "number must be finite, got nan");

  value.Clear();
  value.set_kind(v1::VALUE_KIND_OBJECT);
  value.add_keys("a");
  EXPECT_EQ(Refusal(value), "keys must be as many as the elements, 0, got 1");

  value.Clear();
  value.set_kind(static_cast<v1::ValueKind>(12));
  EXPECT_EQ(Refusal(value), "kind must be a known one, got 12");
}

}  // namespace
}  // namespace squall
