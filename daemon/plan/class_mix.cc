#include "daemon/plan/class_mix.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "daemon/base/check.h"
#include "daemon/base/rng.h"

namespace squall {
namespace {

constexpr uint64_t kPeriodMax = 10'000;

struct Weighted {
  size_t index = 0;  // of the class
  double weight = 0;
  uint64_t share = 0;  // of the period
  int64_t credit = 0;  // what the round robin owes it
};

double SumOfWeights(const std::vector<Weighted>& entries) {
  return std::accumulate(entries.begin(), entries.end(), 0.0,
                         [](double sum, const Weighted& entry) { return sum + entry.weight; });
}

// The shortest period in which every class gets a whole number of turns; 0 when none is short.
uint64_t ExactPeriod(const std::vector<Weighted>& entries, double sum) {
  for (uint64_t period = entries.size(); period <= kPeriodMax; ++period) {
    const bool whole = std::all_of(entries.begin(), entries.end(), [&](const Weighted& entry) {
      const double turns = entry.weight / sum * static_cast<double>(period);
      return turns > 0.5 && std::abs(turns - std::round(turns)) < 1e-9 * std::max(1.0, turns);
    });
    if (whole) {
      return period;
    }
  }
  return 0;
}

// Sets the shares, each at least 1, and returns their sum, the period.
uint64_t SetShares(std::vector<Weighted>* entries) {
  const double sum = SumOfWeights(*entries);
  const uint64_t exact = ExactPeriod(*entries, sum);
  const auto period = static_cast<double>(exact != 0 ? exact : kPeriodMax);
  uint64_t total = 0;
  for (Weighted& entry : *entries) {
    const double turns = std::round(entry.weight / sum * period);
    entry.share = std::max<uint64_t>(1, static_cast<uint64_t>(turns));
    total += entry.share;
  }
  return total;
}

// Each turn everybody earns its share, and the one with the most credit goes and pays the period.
std::vector<size_t> SmoothCycle(std::vector<Weighted> entries) {
  if (entries.empty()) {
    return {};
  }
  const uint64_t period = SetShares(&entries);
  std::vector<size_t> cycle;
  cycle.reserve(period);
  while (cycle.size() < period) {
    for (Weighted& entry : entries) {
      entry.credit += static_cast<int64_t>(entry.share);
    }
    const auto next =
        std::max_element(entries.begin(), entries.end(),
                         [](const Weighted& a, const Weighted& b) { return a.credit < b.credit; });
    next->credit -= static_cast<int64_t>(period);
    cycle.push_back(next->index);
  }
  return cycle;
}

}  // namespace

ClassMix::ClassMix(const std::vector<UserClass>& classes) {
  std::vector<Weighted> fixed;
  std::vector<Weighted> weighted;
  uint64_t until = 0;
  for (size_t i = 0; i < classes.size(); ++i) {
    const UserClass& each = classes[i];
    if (each.fixed_count.has_value()) {
      if (*each.fixed_count > 0) {
        until += *each.fixed_count;
        fixed_until_.push_back(until);
        fixed_classes_.push_back(i);
        fixed.push_back({.index = i, .weight = static_cast<double>(*each.fixed_count)});
      }
    } else if (each.weight > 0 && std::isfinite(each.weight)) {
      weighted.push_back({.index = i, .weight = each.weight});
    }
  }
  weighted_ = !weighted.empty();
  cycle_ = SmoothCycle(weighted_ ? weighted : fixed);
  SQUALL_CHECK(!cycle_.empty());
}

size_t ClassMix::ClassOf(uint64_t number) const {
  const uint64_t fixed_total = fixed_until_.empty() ? 0 : fixed_until_.back();
  if (number < fixed_total) {
    const auto until = std::upper_bound(fixed_until_.begin(), fixed_until_.end(), number);
    return fixed_classes_[static_cast<size_t>(until - fixed_until_.begin())];
  }
  const uint64_t turn = number - fixed_total;
  const uint64_t period = cycle_.size();
  // Agent i of n runs the numbers i mod n. Were every period the same, an agent whose n shares a
  // factor with the period would see only some of the classes (1 : 1 over two agents: one each).
  // So each later period starts at a place of its own; its sums stay exact.
  const uint64_t block = turn / period;
  const uint64_t shift = block == 0 ? 0 : MixSeed(block) % period;
  return cycle_[(turn % period + shift) % period];
}

std::optional<uint64_t> ClassMix::UsersMax() const {
  if (weighted_) {
    return std::nullopt;
  }
  return fixed_until_.back();
}

}  // namespace squall
