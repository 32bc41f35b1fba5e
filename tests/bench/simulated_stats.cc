#include "tests/bench/simulated_stats.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include <fmt/format.h>

#include "daemon/base/rng.h"
#include "daemon/stats/recorder.h"
#include "daemon/wire/snapshot_proto.h"
#include "protos/squall/v1/stats.pb.h"

namespace squall {
namespace {

constexpr double kMedianMs = 20;
constexpr double kSigma = 0.6;  // of the logarithm: p99 is four times the median
constexpr uint32_t kConnectEvery = 500;
constexpr uint32_t kFailEvery = 200;
constexpr uint32_t kTimersPerSecond = 100;  // of the event loop, each a value of its lag

// Box and Muller's, one of the pair.
double Normal(Rng* rng) {
  const double radius = std::sqrt(-2 * std::log(1 - rng->Unit()));
  return radius * std::cos(2 * std::numbers::pi * rng->Unit());
}

Nanos Lognormal(double median_ms, Rng* rng) {
  return Nanos(static_cast<int64_t>(median_ms * 1e6 * std::exp(kSigma * Normal(rng))));
}

void RecordOne(EntryId entry, double median_ms, Rng* rng, Recorder* recorder) {
  Sample sample;
  sample.entry = entry;
  sample.service = Lognormal(median_ms, rng);
  sample.response = sample.service;
  sample.first_byte = sample.service * 9 / 10;
  sample.bytes_sent = 180;
  sample.bytes_received = 2'000;
  sample.status_code = 200;
  if (rng->Below(kConnectEvery) == 0) {
    sample.connect = Lognormal(median_ms / 100, rng);
  }
  if (rng->Below(kFailEvery) == 0) {
    sample.ok = false;
    sample.status_code = 503;
    sample.failure = "HTTP 503";
  }
  recorder->Record(sample, SystemClock().Wall());
}

}  // namespace

SimulatedStats::SimulatedStats(Shape shape, uint64_t seed) {
  Rng rng(seed);
  Recorder recorder;
  std::vector<EntryId> names;
  for (uint32_t i = 0; i < shape.names; ++i) {
    names.push_back(recorder.Intern(i % 4 == 0 ? "POST" : "GET", fmt::format("/api/{}/[id]", i)));
  }
  uint64_t requests = 0;
  Histogram loop_lag;
  for (uint32_t second = 0; second <= shape.seconds; ++second) {
    for (uint32_t i = 0; i < shape.names && second > 0; ++i) {
      const uint32_t samples = shape.samples_per_second * (1 + i % 3);
      const double median_ms = kMedianMs * (1 + i % 10);
      for (uint32_t k = 0; k < samples; ++k) {
        RecordOne(names[i], median_ms, &rng, &recorder);
      }
      requests += samples;
    }
    for (uint32_t k = 0; k < kTimersPerSecond && second > 0; ++k) {
      loop_lag.Record(Lognormal(kMedianMs / 400, &rng));
    }
    Snapshot snapshot;
    recorder.Fill(&snapshot);
    snapshot.health.loop_lag = loop_lag;
    v1::Snapshot proto;
    SnapshotToProto(snapshot, &proto);
    v1::Snapshot measured;
    measured.mutable_entries()->Swap(proto.mutable_entries());
    measured.mutable_failures()->Swap(proto.mutable_failures());
    measured.mutable_health()->Swap(proto.mutable_health());
    snapshots_.push_back(measured.SerializeAsString());
    requests_.push_back(requests);
  }
}

const std::string& SimulatedStats::After(uint64_t seconds) const { return snapshots_[At(seconds)]; }

uint64_t SimulatedStats::RequestsAfter(uint64_t seconds) const { return requests_[At(seconds)]; }

size_t SimulatedStats::At(uint64_t seconds) const {
  return std::min<size_t>(static_cast<size_t>(seconds), snapshots_.size() - 1);
}

}  // namespace squall
