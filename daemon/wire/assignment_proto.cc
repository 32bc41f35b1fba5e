#include "daemon/wire/assignment_proto.h"

#include <map>
#include <numeric>
#include <set>
#include <unordered_set>
#include <vector>

#include <fmt/format.h>

#include "daemon/base/status_macros.h"
#include "protos/squall/v1/load_profile.pb.h"

namespace squall {
namespace {

constexpr int kClassesMax = 16'384;
constexpr size_t kModuliMax = 256;

// Whether some number is in two of the classes: r mod m and s mod n meet when r = s modulo their
// greatest common divisor. By modulus, since an assignment has many classes but few moduli.
bool Overlap(const std::map<uint64_t, std::vector<uint64_t>>& residues_by_modulus) {
  for (auto one = residues_by_modulus.begin(); one != residues_by_modulus.end(); ++one) {
    for (auto two = residues_by_modulus.begin(); two != one; ++two) {
      const uint64_t divisor = std::gcd(one->first, two->first);
      std::unordered_set<uint64_t> taken;
      for (const uint64_t residue : one->second) {
        taken.insert(residue % divisor);
      }
      for (const uint64_t residue : two->second) {
        if (taken.contains(residue % divisor)) {
          return true;
        }
      }
    }
    const std::set<uint64_t> distinct(one->second.begin(), one->second.end());
    if (distinct.size() != one->second.size()) {
      return true;
    }
  }
  return false;
}

}  // namespace

void AssignmentToProto(const Assignment& assignment, v1::Assignment* proto) {
  proto->set_epoch(assignment.epoch);
  ResidueClassesToProto(assignment.classes, proto->mutable_classes());
}

void ResidueClassesToProto(const std::vector<ResidueClass>& classes,
                           google::protobuf::RepeatedPtrField<v1::ResidueClass>* proto) {
  for (const ResidueClass& residue_class : classes) {
    v1::ResidueClass* to = proto->Add();
    to->set_residue(residue_class.residue);
    to->set_modulus(residue_class.modulus);
  }
}

absl::StatusOr<Assignment> AssignmentFromProto(const v1::Assignment& proto) {
  Assignment assignment;
  assignment.epoch = proto.epoch();
  SQUALL_ASSIGN_OR_RETURN(assignment.classes,
                          ResidueClassesFromProto(proto.classes(), "assignment.classes"));
  return assignment;
}

absl::StatusOr<std::vector<ResidueClass>> ResidueClassesFromProto(
    const google::protobuf::RepeatedPtrField<v1::ResidueClass>& proto, std::string_view field) {
  if (proto.size() > kClassesMax) {
    return absl::InvalidArgumentError(
        fmt::format("{} must be at most {}, got {}", field, kClassesMax, proto.size()));
  }
  std::vector<ResidueClass> classes;
  std::map<uint64_t, std::vector<uint64_t>> residues_by_modulus;
  for (const v1::ResidueClass& from : proto) {
    if (from.residue() >= from.modulus()) {
      return absl::InvalidArgumentError(
          fmt::format("{}[{}].residue must be below the modulus {}, got {}", field, classes.size(),
                      from.modulus(), from.residue()));
    }
    classes.push_back({.residue = from.residue(), .modulus = from.modulus()});
    residues_by_modulus[from.modulus()].push_back(from.residue());
  }
  if (residues_by_modulus.size() > kModuliMax) {
    return absl::InvalidArgumentError(fmt::format("{} must have at most {} moduli, got {}", field,
                                                  kModuliMax, residues_by_modulus.size()));
  }
  if (Overlap(residues_by_modulus)) {
    return absl::InvalidArgumentError(
        fmt::format("{} must be disjoint: some number is in two of them", field));
  }
  return classes;
}

}  // namespace squall
