#include "daemon/trace/span_hub.h"

#include "daemon/base/rng.h"
#include "daemon/stats/duration_bounds.h"

namespace squall {

SpanRecorder* SpanHub::NewRecorder() {
  const std::lock_guard lock(mutex_);
  const uint64_t seed = MixSeed(options_.seed + recorders_.size() + 1);
  recorders_.push_back(std::make_unique<SpanRecorder>(options_.ratio, options_.queue_spans, seed));
  return recorders_.back().get();
}

size_t SpanHub::Drain(const std::function<void(const RequestSpan&)>& take) {
  std::vector<SpanRecorder*> recorders;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& recorder : recorders_) {
      recorders.push_back(recorder.get());
    }
  }
  size_t taken = 0;
  for (SpanRecorder* recorder : recorders) {
    taken += recorder->Drain(take);
  }
  return taken;
}

void SpanHub::CountExported(uint64_t spans) {
  const std::lock_guard lock(mutex_);
  figures_.exported += spans;
}

void SpanHub::CountFailed(uint64_t spans) {
  const std::lock_guard lock(mutex_);
  figures_.failed += spans;
}

void SpanHub::CountDropped(uint64_t spans) {
  const std::lock_guard lock(mutex_);
  figures_.dropped += spans;
}

void SpanHub::KeepExemplar(const RequestSpan& span) {
  const std::tuple key(span.method.view(), span.name.view(), DurationBoundOf(span.response));
  const std::lock_guard lock(mutex_);
  auto kept = exemplars_.find(key);
  if (kept == exemplars_.end()) {
    if (exemplars_.size() == kTraceExemplarsMax) {
      return;  // others have theirs
    }
    kept = exemplars_.try_emplace(ExemplarKey(key)).first;
  }
  kept->second = {span.context, span.response, span.begin};
}

void SpanHub::Fill(Snapshot* snapshot) const {
  const std::lock_guard lock(mutex_);
  snapshot->traces.Merge(figures_);
  for (const auto& recorder : recorders_) {
    snapshot->traces.sampled += recorder->sampled();
    snapshot->traces.dropped += recorder->dropped();
  }
  for (const auto& [key, kept] : exemplars_) {
    snapshot->exemplars.push_back(
        {std::get<0>(key), std::get<1>(key), TraceIdHex(kept.context), kept.response, kept.at});
  }
}

}  // namespace squall
