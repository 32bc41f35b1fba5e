#include "daemon/coordinator/membership.h"

#include <utility>

#include <absl/status/statusor.h>

#include "daemon/base/check.h"

namespace squall {
namespace {

// Changes of the membership that one coordinator can make: a million.
constexpr int kEpochsPerTermBits = 20;

}  // namespace

uint64_t NextTerm(uint64_t seen) {
  return ((seen >> kEpochsPerTermBits) + 1) << kEpochsPerTermBits;
}

Membership::Membership(size_t agents, uint64_t epoch) : epoch_(epoch) {
  for (size_t i = 0; i < agents; ++i) {
    assignments_.push_back(MakeAssignment(i, agents, epoch));
  }
}

Membership::Membership(std::vector<Assignment> assignments, uint64_t epoch)
    : epoch_(epoch), assignments_(std::move(assignments)) {
  Label();
}

size_t Membership::Add() {
  Assignment none;
  none.epoch = epoch_;
  assignments_.push_back(std::move(none));
  return assignments_.size() - 1;
}

std::vector<ResidueClass> Membership::Admit(size_t member) {
  SQUALL_CHECK(member < assignments_.size());
  ++epoch_;
  if (assignments_[member].classes.empty()) {
    // AdmitNew appends; here the new one may stand anywhere.
    std::vector<Assignment> present = assignments_;
    present.erase(present.begin() + static_cast<std::ptrdiff_t>(member));
    std::vector<Assignment> after = AdmitNew(present, epoch_);
    Assignment admitted = std::move(after.back());
    after.pop_back();
    after.insert(after.begin() + static_cast<std::ptrdiff_t>(member), std::move(admitted));
    assignments_ = std::move(after);
  }
  Label();
  return assignments_[member].classes;
}

std::vector<ResidueClass> Membership::Remove(size_t member) {
  SQUALL_CHECK(member < assignments_.size());
  ++epoch_;
  std::vector<ResidueClass> moving;
  if (!assignments_[member].classes.empty()) {
    absl::StatusOr<std::vector<Assignment>> after = RedistributeLost(assignments_, member, epoch_);
    if (after.ok()) {
      moving = assignments_[member].classes;
      assignments_ = *std::move(after);
    } else {
      assignments_[member].classes.clear();  // nobody is left; whoever comes gets everything
    }
  }
  Label();
  return moving;
}

void Membership::Label() {
  for (Assignment& assignment : assignments_) {
    assignment.epoch = epoch_;
  }
}

}  // namespace squall
