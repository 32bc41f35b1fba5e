#include "daemon/stats/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "daemon/base/check.h"

namespace squall {
namespace {

__extension__ using Wide = unsigned __int128;

constexpr int kLinearBits = 10;  // below 2^10 ns the buckets are 8 ns wide …
constexpr int kStepBits = 7;     // … above, each power of two has 2^7 of them
constexpr uint32_t kSteps = 1U << kStepBits;
constexpr uint32_t kNanosPerSecond = 1'000'000'000;

// How far a bucket index is from the values in it: they are shifted right by this much.
int ShiftOf(uint32_t index) {
  return index < kSteps ? kLinearBits - kStepBits
                        : static_cast<int>(index / kSteps) - 1 + kLinearBits - kStepBits;
}

int64_t MidpointOf(uint32_t index) {
  const int64_t lower = Histogram::LowerBound(index);
  return lower + (Histogram::UpperBound(index) - lower) / 2;
}

Wide ToWide(DurationSum sum) {
  return static_cast<Wide>(sum.seconds) * kNanosPerSecond + static_cast<Wide>(sum.nanos);
}

DurationSum ToParts(Wide nanos) {
  const Wide seconds = nanos / kNanosPerSecond;
  if (seconds > static_cast<Wide>(INT64_MAX)) {
    return {INT64_MAX, kNanosPerSecond - 1};
  }
  return {static_cast<int64_t>(seconds), static_cast<int32_t>(nanos % kNanosPerSecond)};
}

// The smallest and the largest sum that values in these buckets can have.
struct SumRange {
  Wide low = 0;
  Wide high = 0;
};

SumRange SumRangeOf(const std::vector<Histogram::Bucket>& buckets) {
  SumRange range;
  for (const Histogram::Bucket& bucket : buckets) {
    range.low += static_cast<Wide>(Histogram::LowerBound(bucket.index)) * bucket.count;
    range.high += static_cast<Wide>(Histogram::UpperBound(bucket.index)) * bucket.count;
  }
  return range;
}

}  // namespace

Histogram::Histogram(const Histogram& other) { *this = other; }

Histogram& Histogram::operator=(const Histogram& other) {
  if (this == &other) {
    return *this;
  }
  for (size_t i = 0; i < chunks_.size(); ++i) {
    chunks_[i] = other.chunks_[i] ? std::make_unique<Chunk>(*other.chunks_[i]) : nullptr;
  }
  count_ = other.count_;
  min_ = other.min_;
  max_ = other.max_;
  sum_ = other.sum_;
  return *this;
}

void Histogram::RecordMany(Nanos value, uint64_t times) {
  if (times == 0) {
    return;
  }
  const int64_t nanos = std::max<int64_t>(value.count(), 0);
  const uint32_t index = IndexOf(nanos);
  std::unique_ptr<Chunk>& chunk = chunks_[index / kChunkSize];
  if (!chunk) [[unlikely]] {
    chunk = std::make_unique<Chunk>();
  }
  (*chunk)[index % kChunkSize] += times;
  count_ += times;
  min_ = std::min(min_, nanos);
  max_ = std::max(max_, nanos);
  sum_ += static_cast<Total>(nanos) * times;
}

void Histogram::Merge(const Histogram& other) {
  for (size_t i = 0; i < chunks_.size(); ++i) {
    if (!other.chunks_[i]) {
      continue;
    }
    if (!chunks_[i]) {
      chunks_[i] = std::make_unique<Chunk>();
    }
    for (size_t j = 0; j < kChunkSize; ++j) {
      (*chunks_[i])[j] += (*other.chunks_[i])[j];
    }
  }
  count_ += other.count_;
  min_ = std::min(min_, other.min_);
  max_ = std::max(max_, other.max_);
  sum_ += other.sum_;
}

Histogram Histogram::Since(const Histogram& earlier) const {
  if (earlier.count_ == 0) {
    return *this;
  }
  Histogram result;
  std::vector<Bucket> added = Buckets();
  for (Bucket& bucket : added) {
    // An `earlier` that is not an older copy must not make counts wrap around.
    bucket.count -= std::min(bucket.count, earlier.CountIn(bucket.index));
    result.RecordMany(Nanos(std::clamp(MidpointOf(bucket.index), min_, max_)), bucket.count);
  }
  const SumRange range = SumRangeOf(added);
  const Wide exact = sum_ - std::min(sum_, earlier.sum_);
  result.sum_ = std::clamp(exact, range.low, range.high);
  return result;
}

void Histogram::Clear() {
  for (std::unique_ptr<Chunk>& chunk : chunks_) {
    if (chunk) {
      chunk->fill(0);
    }
  }
  count_ = 0;
  min_ = INT64_MAX;
  max_ = 0;
  sum_ = 0;
}

DurationSum Histogram::sum() const { return ToParts(sum_); }

double Histogram::sum_seconds() const { return static_cast<double>(sum_) / kNanosPerSecond; }

Nanos Histogram::Mean() const {
  return Nanos(count_ == 0 ? 0 : static_cast<int64_t>(sum_ / count_));
}

Nanos Histogram::Percentile(double quantile) const {
  if (count_ == 0) {
    return Nanos(0);
  }
  // 0.07 * 100 is 7.000000000000001 in doubles; without the shave the rank would be 8.
  const double rank = std::ceil(quantile * static_cast<double>(count_) * (1 - 1e-14));
  if (!(rank > 1)) {  // also when the quantile is not a number
    return min();
  }
  if (rank >= static_cast<double>(count_)) {
    return max();
  }
  uint64_t left = static_cast<uint64_t>(rank);
  for (uint32_t i = 0; i < kChunkCount; ++i) {
    for (uint32_t j = 0; chunks_[i] && j < kChunkSize; ++j) {
      const uint64_t here = (*chunks_[i])[j];
      if (here >= left) {
        return Nanos(std::clamp(MidpointOf(i * kChunkSize + j), min_, max_));
      }
      left -= here;
    }
  }
  return max();
}

uint64_t Histogram::CountAtOrBelow(Nanos limit) const {
  if (limit.count() < 0) {
    return 0;
  }
  const uint32_t last = IndexOf(limit.count());
  uint64_t total = 0;
  for (uint32_t i = 0; i <= last / kChunkSize; ++i) {
    for (uint32_t j = 0; chunks_[i] && j < kChunkSize && i * kChunkSize + j <= last; ++j) {
      total += (*chunks_[i])[j];
    }
  }
  return total;
}

std::vector<Histogram::Bucket> Histogram::Buckets() const {
  std::vector<Bucket> buckets;
  for (uint32_t i = 0; i < kChunkCount; ++i) {
    for (uint32_t j = 0; chunks_[i] && j < kChunkSize; ++j) {
      if (const uint64_t count = (*chunks_[i])[j]; count != 0) {
        buckets.push_back({i * kChunkSize + j, count});
      }
    }
  }
  return buckets;
}

bool Histogram::Restore(const std::vector<Bucket>& buckets, Nanos min, Nanos max, DurationSum sum) {
  Histogram restored;
  for (const Bucket& bucket : buckets) {
    const bool ascending = restored.count_ == 0 || bucket.index > IndexOf(restored.max_);
    if (bucket.index >= kBucketCount || !ascending || bucket.count == 0 ||
        bucket.count > kCountMax - restored.count_) {
      return false;
    }
    restored.RecordMany(Nanos(LowerBound(bucket.index)), bucket.count);
  }
  if (sum.seconds < 0 || sum.nanos < 0 || sum.nanos >= int32_t{kNanosPerSecond}) {
    return false;
  }
  if (buckets.empty()) {
    if (min.count() != 0 || max.count() != 0 || sum != DurationSum{}) {
      return false;
    }
    *this = std::move(restored);
    return true;
  }
  // Compared as parts, since a sum that saturated on its way is the upper end of both.
  const SumRange range = SumRangeOf(buckets);
  const bool sum_fits = ToWide(sum) >= ToWide(ToParts(range.low)) && ToWide(sum) <= range.high;
  const bool ends_fit = min.count() >= 0 && min <= max &&
                        IndexOf(min.count()) == buckets.front().index &&
                        IndexOf(max.count()) == buckets.back().index;
  if (!sum_fits || !ends_fit) {
    return false;
  }
  restored.min_ = min.count();
  restored.max_ = max.count();
  restored.sum_ = ToWide(sum);
  *this = std::move(restored);
  return true;
}

uint32_t Histogram::IndexOf(int64_t nanos) {
  const uint64_t value = static_cast<uint64_t>(std::max<int64_t>(nanos, 0));
  const int width = std::bit_width(value);
  if (width <= kLinearBits) {
    return static_cast<uint32_t>(value >> (kLinearBits - kStepBits));
  }
  const int shift = width - 1 - kStepBits;
  const uint32_t power = static_cast<uint32_t>(width - 1 - kLinearBits);
  // The leading bit of value >> shift is kSteps itself: it counts the linear part's buckets.
  return power * kSteps + static_cast<uint32_t>(value >> shift);
}

int64_t Histogram::LowerBound(uint32_t index) {
  SQUALL_CHECK(index < kBucketCount);
  const uint64_t step = index < kSteps ? index : kSteps + index % kSteps;
  return static_cast<int64_t>(step << ShiftOf(index));
}

int64_t Histogram::UpperBound(uint32_t index) {
  const uint64_t width = uint64_t{1} << ShiftOf(index);
  return static_cast<int64_t>(static_cast<uint64_t>(LowerBound(index)) + width - 1);
}

bool Histogram::operator==(const Histogram& other) const {
  return count_ == other.count_ && min_ == other.min_ && max_ == other.max_ && sum_ == other.sum_ &&
         Buckets() == other.Buckets();
}

uint64_t Histogram::CountIn(uint32_t index) const {
  const std::unique_ptr<Chunk>& chunk = chunks_[index / kChunkSize];
  return chunk ? (*chunk)[index % kChunkSize] : 0;
}

}  // namespace squall
