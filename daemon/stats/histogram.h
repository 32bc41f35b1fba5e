// A log-linear histogram of durations: fixed relative error, no clipping, exact merge.
//
// Values are nanoseconds. Below 1024 ns the buckets are 8 ns wide; above, each power of two is cut
// into 128 equal buckets, so a bucket's midpoint is at most 1/256 (0.39 %) from any value in it.
// The range is all of int64 (292 years); negative values count as 0. Memory: one KiB for each power
// of two that has been seen, allocated at its first value and then never again. One that came over
// the wire is packed, eight bytes for each non-empty bucket, until something is added to it.
//
// A value type. One thread at a time; copies are independent. A histogram that was moved from may
// only be assigned to or destroyed.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "daemon/base/clock.h"

namespace squall {

// A sum of durations in the parts of a protobuf Duration; saturates at INT64_MAX seconds.
struct DurationSum {
  int64_t seconds = 0;
  int32_t nanos = 0;  // 0 … 999 999 999
  bool operator==(const DurationSum&) const = default;
};

class Histogram {
 public:
  // One non-empty bucket, for the wire: `index` is stable across versions of the program.
  struct Bucket {
    uint32_t index = 0;
    uint64_t count = 0;
    bool operator==(const Bucket&) const = default;
  };

  static constexpr uint32_t kBucketCount = 128 + 53 * 128;
  // What Restore accepts: exact as a double, and 2048 agents' worth cannot overflow a merge.
  static constexpr uint64_t kCountMax = uint64_t{1} << 53;

  Histogram() = default;
  Histogram(const Histogram& other);
  Histogram& operator=(const Histogram& other);
  Histogram(Histogram&&) noexcept = default;
  Histogram& operator=(Histogram&&) noexcept = default;

  void Record(Nanos value) { RecordMany(value, 1); }
  void RecordMany(Nanos value, uint64_t times);
  // Adds every value of `other`: the result equals one histogram that recorded both streams.
  void Merge(const Histogram& other);
  // The values recorded since `earlier`, an older copy of this histogram. The exact min and max of
  // an interval are not known: they are bucket midpoints, with the error of a percentile.
  Histogram Since(const Histogram& earlier) const;
  void Clear();

  uint64_t count() const { return count_; }
  Nanos min() const { return Nanos(count_ == 0 ? 0 : min_); }  // exact; 0 when empty
  Nanos max() const { return Nanos(max_); }                    // exact; 0 when empty
  DurationSum sum() const;                                     // exact
  double sum_seconds() const;                                  // the same, rounded to a double
  Nanos Mean() const;                                          // 0 when empty
  // The smallest value with at least `quantile` (0..1) of the values at or below it (nearest rank),
  // as its bucket's midpoint; the first and the last rank are min and max. 0 when empty.
  Nanos Percentile(double quantile) const;
  // The same for several, ascending, in one pass: `found[i]` is that of `quantiles[i]`.
  void Percentiles(std::span<const double> quantiles, std::span<Nanos> found) const;
  // How many values are at or below `limit`, to the bucket that holds it (Prometheus `le`).
  uint64_t CountAtOrBelow(Nanos limit) const;

  std::vector<Bucket> Buckets() const;  // non-empty ones, ascending index
  // Calls visit(index, count) for the same buckets, without a copy of them, until it returns true.
  template <typename Visit>
  void VisitBuckets(const Visit& visit) const;
  // Rebuilds a histogram that came over the wire. False (and *this unchanged) when an index is out
  // of range or not ascending, a count is 0, the counts add up to more than kCountMax, or min, max
  // or sum cannot belong to these buckets.
  bool Restore(const std::vector<Bucket>& buckets, Nanos min, Nanos max, DurationSum sum);

  static uint32_t IndexOf(int64_t nanos);
  static int64_t LowerBound(uint32_t index);  // smallest value of the bucket, in ns
  static int64_t UpperBound(uint32_t index);  // largest value of the bucket, in ns

  bool operator==(const Histogram& other) const;  // the same buckets, sum, min and max

 private:
  // Nanoseconds in 128 bits: addition is exact and associative, so the order of merges cannot show.
  __extension__ using Total = unsigned __int128;
  static constexpr uint32_t kChunkSize = 128;
  static constexpr uint32_t kChunkCount = kBucketCount / kChunkSize;
  using Chunk = std::array<uint64_t, kChunkSize>;
  using Chunks = std::array<std::unique_ptr<Chunk>, kChunkCount>;
  struct Packed {
    uint32_t index = 0;
    uint32_t count = 0;
  };

  uint64_t RankOf(double quantile) const;
  uint64_t CountIn(uint32_t index) const;
  void Fill(const std::vector<Bucket>& buckets, uint64_t largest);
  Chunk* ChunkOf(uint32_t index);
  void Unpack();

  // The buckets are in one of the two, or nowhere when there is none.
  std::unique_ptr<Chunks> chunks_;
  std::vector<Packed> packed_;
  uint64_t count_ = 0;
  int64_t min_ = INT64_MAX;
  int64_t max_ = 0;
  Total sum_ = 0;
};

template <typename Visit>
void Histogram::VisitBuckets(const Visit& visit) const {
  for (const Packed& bucket : packed_) {
    if (visit(bucket.index, uint64_t{bucket.count})) {
      return;
    }
  }
  for (uint32_t i = 0; chunks_ && i < kChunkCount; ++i) {
    const Chunk* chunk = (*chunks_)[i].get();
    for (uint32_t j = 0; chunk != nullptr && j < kChunkSize; ++j) {
      if ((*chunk)[j] != 0 && visit(i * kChunkSize + j, (*chunk)[j])) {
        return;
      }
    }
  }
}

}  // namespace squall
