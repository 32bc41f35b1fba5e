// Assignment, and the residue classes it is made of, <-> squall.v1. Pure; any thread.
#pragma once

#include <string_view>
#include <vector>

#include <absl/status/statusor.h>

#include "daemon/plan/assignment.h"

namespace google::protobuf {
template <typename Element>
class RepeatedPtrField;
}  // namespace google::protobuf

namespace squall {

namespace v1 {
class Assignment;
class ResidueClass;
}  // namespace v1

void AssignmentToProto(const Assignment& assignment, v1::Assignment* proto);
void ResidueClassesToProto(const std::vector<ResidueClass>& classes,
                           google::protobuf::RepeatedPtrField<v1::ResidueClass>* proto);

// For input from the network. INVALID_ARGUMENT when a residue is not below its modulus, when
// classes overlap (a user would run twice), or when they are too many to check.
absl::StatusOr<Assignment> AssignmentFromProto(const v1::Assignment& proto);
// The same; `field` is what messages call them.
absl::StatusOr<std::vector<ResidueClass>> ResidueClassesFromProto(
    const google::protobuf::RepeatedPtrField<v1::ResidueClass>& proto, std::string_view field);

}  // namespace squall
