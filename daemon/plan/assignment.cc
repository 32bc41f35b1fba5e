#include "daemon/plan/assignment.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <absl/status/status.h>

#include "daemon/base/check.h"

namespace squall {
namespace {

// Shares are balanced to 1/kGrains of the fair share and no finer: smaller pieces would make the
// lists long without anybody noticing the difference.
constexpr double kGrains = 32;

double FractionOf(const ResidueClass& part) { return 1.0 / static_cast<double>(part.modulus); }

// The `pieces` equal sub-classes of one class: r + n·j mod n·pieces.
std::vector<ResidueClass> Split(const ResidueClass& whole, uint64_t pieces) {
  std::vector<ResidueClass> parts;
  parts.reserve(pieces);
  for (uint64_t j = 0; j < pieces; ++j) {
    parts.push_back({whole.residue + whole.modulus * j, whole.modulus * pieces});
  }
  return parts;
}

// Replaces the first complete set of siblings (r + n·j mod n·p for all j < p) by r mod n.
// `classes` is sorted; p runs over the primes in each modulus that can be complete at all.
bool MergeOnce(std::vector<ResidueClass>* classes) {
  for (const ResidueClass part : *classes) {
    uint64_t rest = part.modulus;
    for (uint64_t prime = 2; prime <= std::min<uint64_t>(rest, classes->size()); ++prime) {
      if (rest % prime != 0) {
        continue;
      }
      while (rest % prime == 0) {
        rest /= prime;
      }
      const ResidueClass parent{part.residue % (part.modulus / prime), part.modulus / prime};
      const std::vector<ResidueClass> siblings = Split(parent, prime);
      const bool all = std::all_of(siblings.begin(), siblings.end(), [&](const auto& sibling) {
        return std::binary_search(classes->begin(), classes->end(), sibling);
      });
      if (all) {
        std::erase_if(*classes, [&](const ResidueClass& candidate) {
          return std::binary_search(siblings.begin(), siblings.end(), candidate);
        });
        classes->insert(std::upper_bound(classes->begin(), classes->end(), parent), parent);
        return true;
      }
    }
  }
  return false;
}

void SortAndMerge(std::vector<ResidueClass>* classes) {
  std::sort(classes->begin(), classes->end());
  while (MergeOnce(classes)) {
  }
}

void Finish(std::vector<Assignment>* assignments, uint64_t epoch) {
  for (Assignment& assignment : *assignments) {
    assignment.epoch = epoch;
    SortAndMerge(&assignment.classes);
  }
}

// How many parts to cut so that each is at most `wanted`. Small numbers exactly; above 16 a power
// of two, whose leftovers merge into a few classes.
uint64_t PiecesToReach(double wanted, const ResidueClass& whole) {
  const double exact = std::ceil(FractionOf(whole) / wanted - 1e-9);
  uint64_t pieces = 2;
  while (pieces < static_cast<uint64_t>(exact)) {
    pieces = pieces < 16 ? pieces + 1 : pieces * 2;
  }
  return pieces;
}

// Removes at most `wanted` from the giver, in one class: the largest that is small enough, or else
// a part of the smallest that is too large.
ResidueClass TakeFrom(Assignment* giver, double wanted) {
  auto& classes = giver->classes;
  std::sort(classes.begin(), classes.end(), [](const ResidueClass& a, const ResidueClass& b) {
    return std::pair(a.modulus, a.residue) < std::pair(b.modulus, b.residue);
  });
  const auto fits = std::find_if(classes.begin(), classes.end(), [&](const ResidueClass& part) {
    return FractionOf(part) <= wanted * (1 + 1e-9);
  });
  if (fits != classes.end()) {
    const ResidueClass taken = *fits;
    classes.erase(fits);
    return taken;
  }
  const ResidueClass whole = classes.back();
  classes.pop_back();
  std::vector<ResidueClass> parts = Split(whole, PiecesToReach(wanted, whole));
  const ResidueClass taken = parts.back();
  parts.pop_back();
  classes.insert(classes.end(), parts.begin(), parts.end());
  SortAndMerge(&classes);
  return taken;
}

}  // namespace

bool Contains(const std::vector<ResidueClass>& classes, uint64_t number) {
  return std::any_of(classes.begin(), classes.end(), [number](const ResidueClass& part) {
    return number % part.modulus == part.residue;
  });
}

uint64_t CountBelow(const std::vector<ResidueClass>& classes, uint64_t count) {
  uint64_t below = 0;
  for (const ResidueClass& part : classes) {
    if (count > part.residue) {
      below += (count - 1 - part.residue) / part.modulus + 1;
    }
  }
  return below;
}

bool Assignment::Owns(uint64_t number) const { return Contains(classes, number); }

uint64_t Assignment::Share(uint64_t count) const { return CountBelow(classes, count); }

double Assignment::Fraction() const {
  double sum = 0;
  for (const ResidueClass& part : classes) {
    sum += FractionOf(part);
  }
  return sum;
}

Assignment MakeAssignment(uint64_t index, uint64_t count, uint64_t epoch) {
  SQUALL_CHECK(index < count);
  return {.epoch = epoch, .classes = {{.residue = index, .modulus = count}}};
}

uint32_t ShardOf(uint64_t number, uint32_t shards) {
  // 2^64 divided by the golden ratio; the product is the fraction of number · ratio in 64 bits.
  const uint64_t fraction = number * 0x9E3779B97F4A7C15ULL;
  return static_cast<uint32_t>((static_cast<unsigned __int128>(fraction) * shards) >> 64);
}

absl::StatusOr<std::vector<Assignment>> RedistributeLost(const std::vector<Assignment>& assignments,
                                                         size_t lost, uint64_t epoch) {
  SQUALL_CHECK(lost < assignments.size());
  std::vector<Assignment> result = assignments;
  std::vector<ResidueClass> orphans = std::exchange(result[lost].classes, {});
  std::vector<std::pair<double, size_t>> survivors;  // share, index
  for (size_t i = 0; i < result.size(); ++i) {
    if (!result[i].classes.empty()) {
      survivors.emplace_back(result[i].Fraction(), i);
    }
  }
  if (survivors.empty()) {
    return absl::FailedPreconditionError("no agent is left to take over the load");
  }
  const double grain = 1.0 / static_cast<double>(survivors.size()) / kGrains;
  std::sort(orphans.begin(), orphans.end(), [](const ResidueClass& a, const ResidueClass& b) {
    return std::pair(a.modulus, a.residue) < std::pair(b.modulus, b.residue);
  });
  for (const ResidueClass& orphan : orphans) {
    const double useful = std::ceil(FractionOf(orphan) / grain);
    const auto pieces =
        static_cast<uint64_t>(std::min(useful, static_cast<double>(survivors.size())));
    for (const ResidueClass& part : Split(orphan, pieces)) {
      const auto least = std::min_element(survivors.begin(), survivors.end());
      result[least->second].classes.push_back(part);
      least->first += FractionOf(part);
    }
  }
  Finish(&result, epoch);
  return result;
}

std::vector<Assignment> AdmitNew(const std::vector<Assignment>& assignments, uint64_t epoch) {
  std::vector<Assignment> result = assignments;
  const auto present = std::count_if(result.begin(), result.end(),
                                     [](const Assignment& each) { return !each.classes.empty(); });
  Assignment fresh;
  if (present == 0) {
    fresh.classes = {{.residue = 0, .modulus = 1}};
  }
  const double fair = 1.0 / static_cast<double>(present + 1);
  const double grain = fair / kGrains;
  double missing = present == 0 ? 0 : fair;
  while (missing > grain) {
    const auto richest = std::max_element(
        result.begin(), result.end(),
        [](const Assignment& a, const Assignment& b) { return a.Fraction() < b.Fraction(); });
    const double spare = std::max(richest->Fraction() - fair, grain);
    fresh.classes.push_back(TakeFrom(&*richest, std::min(spare, missing)));
    missing -= FractionOf(fresh.classes.back());
  }
  result.push_back(std::move(fresh));
  Finish(&result, epoch);
  return result;
}

}  // namespace squall
