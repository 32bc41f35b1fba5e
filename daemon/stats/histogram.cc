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

// The values in a bucket are those whose leading bits, shifted right by ShiftOf, are these.
uint64_t StepOf(uint32_t index) { return index < kSteps ? index : kSteps + index % kSteps; }

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

// In units of a power of two's buckets: shifted back only once for each of them.
SumRange SumRangeOf(const std::vector<Histogram::Bucket>& buckets) {
  SumRange range;
  for (size_t i = 0; i < buckets.size();) {
    const uint32_t power = buckets[i].index / kSteps;
    const int shift = ShiftOf(buckets[i].index);
    const uint64_t to_step = StepOf(buckets[i].index) - buckets[i].index;  // the same for all
    Wide steps = 0;
    Wide values = 0;
    for (; i < buckets.size() && buckets[i].index / kSteps == power; ++i) {
      steps += static_cast<Wide>(buckets[i].index + to_step) * buckets[i].count;
      values += buckets[i].count;
    }
    range.low += steps << shift;
    range.high += (steps << shift) + values * ((uint64_t{1} << shift) - 1);
  }
  return range;
}

}  // namespace

Histogram::Histogram(const Histogram& other) { *this = other; }

Histogram& Histogram::operator=(const Histogram& other) {
  if (this == &other) {
    return *this;
  }
  chunks_.reset();
  if (other.chunks_) {
    chunks_ = std::make_unique<Chunks>();
    for (size_t i = 0; i < kChunkCount; ++i) {
      const std::unique_ptr<Chunk>& chunk = (*other.chunks_)[i];
      (*chunks_)[i] = chunk ? std::make_unique<Chunk>(*chunk) : nullptr;
    }
  }
  packed_ = other.packed_;
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
  if (!chunks_) [[unlikely]] {
    Unpack();
  }
  (*ChunkOf(index))[index % kChunkSize] += times;
  count_ += times;
  min_ = std::min(min_, nanos);
  max_ = std::max(max_, nanos);
  sum_ += static_cast<Total>(nanos) * times;
}

void Histogram::Merge(const Histogram& other) {
  if (!chunks_ && packed_.empty()) {
    *this = other;
    return;
  }
  Unpack();
  if (other.chunks_) {
    for (uint32_t i = 0; i < kChunkCount; ++i) {
      if (const std::unique_ptr<Chunk>& from = (*other.chunks_)[i]; from) {
        Chunk* to = ChunkOf(i * kChunkSize);
        for (size_t j = 0; j < kChunkSize; ++j) {
          (*to)[j] += (*from)[j];
        }
      }
    }
  }
  for (size_t i = 0; i < other.packed_.size();) {
    const uint32_t power = other.packed_[i].index / kChunkSize;
    Chunk* to = ChunkOf(other.packed_[i].index);
    for (; i < other.packed_.size() && other.packed_[i].index / kChunkSize == power; ++i) {
      (*to)[other.packed_[i].index % kChunkSize] += other.packed_[i].count;
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
  for (size_t i = 0; chunks_ && i < kChunkCount; ++i) {
    if ((*chunks_)[i]) {
      (*chunks_)[i]->fill(0);
    }
  }
  packed_.clear();
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
  Nanos found{0};
  Percentiles(std::span(&quantile, 1), std::span(&found, 1));
  return found;
}

void Histogram::Percentiles(std::span<const double> quantiles, std::span<Nanos> found) const {
  SQUALL_CHECK(found.size() >= quantiles.size());
  size_t next = 0;  // the first one that is not found yet …
  uint64_t rank = quantiles.empty() ? 0 : RankOf(quantiles[0]);
  const auto take = [&](Nanos value) {
    found[next++] = value;
    rank = next < quantiles.size() ? RankOf(quantiles[next]) : 0;  // … and 0 when there is none
  };
  // The first and the last rank are exact, and in no need of buckets.
  while (rank == 1) {
    take(min());
  }
  uint64_t passed = 0;
  VisitBuckets([&](uint32_t index, uint64_t count) {
    passed += count;
    while (rank != 0 && rank < count_ && rank <= passed) {
      take(Nanos(std::clamp(MidpointOf(index), min_, max_)));
    }
    return rank == 0 || rank >= count_;
  });
  while (rank != 0) {
    take(max());
  }
}

// Nearest rank, 1 … count; at most 1 as well when the quantile is not a number or nothing is here.
uint64_t Histogram::RankOf(double quantile) const {
  // 0.07 * 100 is 7.000000000000001 in doubles; without the shave the rank would be 8.
  const double rank = std::ceil(quantile * static_cast<double>(count_) * (1 - 1e-14));
  if (!(rank > 1)) {
    return 1;
  }
  return rank >= static_cast<double>(count_) ? count_ : static_cast<uint64_t>(rank);
}

uint64_t Histogram::CountAtOrBelow(Nanos limit) const {
  if (limit.count() < 0) {
    return 0;
  }
  const uint32_t last = IndexOf(limit.count());
  uint64_t total = 0;
  VisitBuckets([&](uint32_t index, uint64_t count) {
    total += index <= last ? count : 0;
    return index >= last;
  });
  return total;
}

std::vector<Histogram::Bucket> Histogram::Buckets() const {
  std::vector<Bucket> buckets;
  VisitBuckets([&buckets](uint32_t index, uint64_t count) {
    buckets.push_back({index, count});
    return false;
  });
  return buckets;
}

bool Histogram::Restore(const std::vector<Bucket>& buckets, Nanos min, Nanos max, DurationSum sum) {
  uint64_t count = 0;
  uint64_t largest = 0;
  uint32_t next = 0;  // the lowest index that may come
  for (const Bucket& bucket : buckets) {
    if (bucket.index < next || bucket.index >= kBucketCount || bucket.count == 0 ||
        bucket.count > kCountMax - count) {
      return false;
    }
    count += bucket.count;
    largest = std::max(largest, bucket.count);
    next = bucket.index + 1;
  }
  if (sum.seconds < 0 || sum.nanos < 0 || sum.nanos >= int32_t{kNanosPerSecond}) {
    return false;
  }
  if (buckets.empty()) {
    if (min.count() != 0 || max.count() != 0 || sum != DurationSum{}) {
      return false;
    }
    *this = Histogram();
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
  Fill(buckets, largest);
  count_ = count;
  min_ = min.count();
  max_ = max.count();
  sum_ = ToWide(sum);
  return true;
}

// A bucket with four thousand million values has no room in the packed form.
void Histogram::Fill(const std::vector<Bucket>& buckets, uint64_t largest) {
  chunks_.reset();
  packed_.clear();
  if (largest <= UINT32_MAX) {
    packed_.resize(buckets.size());
    for (size_t i = 0; i < buckets.size(); ++i) {
      packed_[i] = {buckets[i].index, static_cast<uint32_t>(buckets[i].count)};
    }
    return;
  }
  chunks_ = std::make_unique<Chunks>();
  for (const Bucket& bucket : buckets) {
    (*ChunkOf(bucket.index))[bucket.index % kChunkSize] = bucket.count;
  }
}

void Histogram::Unpack() {
  if (chunks_) {
    return;
  }
  chunks_ = std::make_unique<Chunks>();
  for (const Packed& bucket : packed_) {
    (*ChunkOf(bucket.index))[bucket.index % kChunkSize] = bucket.count;
  }
  packed_ = {};
}

// Once unpacked.
Histogram::Chunk* Histogram::ChunkOf(uint32_t index) {
  std::unique_ptr<Chunk>& chunk = (*chunks_)[index / kChunkSize];
  if (!chunk) [[unlikely]] {
    chunk = std::make_unique<Chunk>();
  }
  return chunk.get();
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
  return static_cast<int64_t>(StepOf(index) << ShiftOf(index));
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
  if (chunks_) {
    const std::unique_ptr<Chunk>& chunk = (*chunks_)[index / kChunkSize];
    return chunk ? (*chunk)[index % kChunkSize] : 0;
  }
  const auto found =
      std::lower_bound(packed_.begin(), packed_.end(), index,
                       [](const Packed& bucket, uint32_t wanted) { return bucket.index < wanted; });
  return found == packed_.end() || found->index != index ? 0 : found->count;
}

}  // namespace squall
