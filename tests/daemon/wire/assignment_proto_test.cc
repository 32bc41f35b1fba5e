#include "daemon/wire/assignment_proto.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "protos/squall/v1/load_profile.pb.h"
#include "tests/daemon/wire/mentions.h"

namespace squall {
namespace {

absl::StatusOr<Assignment> ReadClasses(const std::vector<ResidueClass>& classes) {
  v1::Assignment proto;
  AssignmentToProto({.epoch = 1, .classes = classes}, &proto);
  return AssignmentFromProto(proto);
}

TEST(AssignmentProtoTest, AssignmentsOfAChangingFleetSurviveTheTrip) {
  std::vector<Assignment> fleet;
  fleet.reserve(7);
  for (uint64_t i = 0; i < 7; ++i) {
    fleet.push_back(MakeAssignment(i, 7, 1));
  }
  for (uint64_t epoch = 2; epoch < 8; ++epoch) {
    if (epoch % 3 == 0) {
      fleet = AdmitNew(fleet, epoch);
    } else {
      fleet = *RedistributeLost(fleet, epoch % fleet.size(), epoch);
    }
    for (const Assignment& assignment : fleet) {
      v1::Assignment proto;
      AssignmentToProto(assignment, &proto);
      const absl::StatusOr<Assignment> read = AssignmentFromProto(proto);
      ASSERT_TRUE(read.ok()) << read.status();
      EXPECT_EQ(*read, assignment);
    }
  }
}

TEST(AssignmentProtoTest, AnAgentMayOwnNothing) {
  const absl::StatusOr<Assignment> read = ReadClasses({});
  ASSERT_TRUE(read.ok());
  EXPECT_TRUE(read->classes.empty());
  EXPECT_EQ(read->epoch, 1u);
}

TEST(AssignmentProtoTest, AClassNeedsAResidueBelowItsModulus) {
  EXPECT_TRUE(Mentions(ReadClasses({{0, 2}, {3, 3}}).status(),
                       "assignment.classes[1].residue must be below the modulus 3, got 3"));
  EXPECT_FALSE(ReadClasses({{0, 0}}).ok());
}

TEST(AssignmentProtoTest, ClassesAreNamedAsTheirField) {
  v1::Assignment proto;
  ResidueClassesToProto({{0, 2}, {1, 2}}, proto.mutable_classes());
  const auto read = ResidueClassesFromProto(proto.classes(), "moving");
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(*read, (std::vector<ResidueClass>{{0, 2}, {1, 2}}));
  proto.mutable_classes(1)->set_residue(0);
  EXPECT_TRUE(Mentions(ResidueClassesFromProto(proto.classes(), "moving").status(),
                       "moving must be disjoint"));
}

TEST(AssignmentProtoTest, NoNumberMayBeInTwoClasses) {
  EXPECT_TRUE(ReadClasses({{0, 2}, {1, 4}, {3, 8}}).ok());
  const std::vector<ResidueClass> overlapping[] = {
      {{0, 1}, {5, 7}},          // everything, and some of it again
      {{1, 4}, {1, 4}},          // the same twice
      {{1, 2}, {2, 3}},          // 5 is in both
      {{0, 2}, {1, 4}, {3, 6}},  // 9 is 1 mod 4 and 3 mod 6
  };
  for (const auto& classes : overlapping) {
    EXPECT_TRUE(Mentions(ReadClasses(classes).status(), "must be disjoint"));
  }
}

TEST(AssignmentProtoTest, MoreClassesThanCanBeCheckedAreRefused) {
  v1::Assignment proto;
  for (uint64_t i = 0; i < 20'000; ++i) {
    v1::ResidueClass* residue_class = proto.add_classes();
    residue_class->set_residue(i);
    residue_class->set_modulus(20'000);
  }
  EXPECT_TRUE(Mentions(AssignmentFromProto(proto).status(),
                       "assignment.classes must be at most 16384, got 20000"));
  proto.Clear();
  for (uint64_t i = 0; i < 300; ++i) {
    proto.add_classes()->set_modulus(i + 1);
  }
  EXPECT_TRUE(
      Mentions(AssignmentFromProto(proto).status(), "must have at most 256 moduli, got 300"));
}

}  // namespace
}  // namespace squall
