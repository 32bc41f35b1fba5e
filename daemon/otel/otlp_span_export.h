// Takes the spans of one run on one agent to a collector: one thread empties the recorders' queues
// often, another one sends, so that a collector that hangs delays nobody and costs a bounded
// backlog. What does not fit there is dropped and counted.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <opentelemetry/sdk/instrumentationscope/instrumentation_scope.h>
#include <opentelemetry/sdk/resource/resource.h>
#include <opentelemetry/sdk/trace/exporter.h>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "daemon/base/clock.h"
#include "daemon/otel/otel_environment.h"
#include "daemon/otel/span_backlog.h"
#include "daemon/trace/span_export.h"

namespace squall {

struct OtlpSpanOptions {
  TraceOutput output;
  SpanSource source;
  OtlpSending sending;
  uint64_t seed = 1;
  std::function<void(std::string_view)> log;   // may be empty
  size_t backlog_spans = 16'384;               // 12 MB; raise it for collectors that stall for long
  Nanos close_time = std::chrono::seconds(3);  // and one export that has begun before
};

class OtlpSpanExport final : public SpanExport {
 public:
  OtlpSpanExport(OtlpSpanOptions options, const Clock* clock);
  ~OtlpSpanExport() override;
  OtlpSpanExport(const OtlpSpanExport&) = delete;
  OtlpSpanExport& operator=(const OtlpSpanExport&) = delete;

  SpanHub* hub() override { return &hub_; }
  void Close() override;

 private:
  void Collect();
  void DrainOnce();
  void Send();
  // False: what is left at the end is not worth a try.
  bool SendBatch(const std::vector<RequestSpan>& spans);
  bool TryOnce(const std::vector<RequestSpan>& spans);
  void Tell(bool sent);

  const OtlpSpanOptions options_;
  const Clock* const clock_;
  SpanHub hub_;
  SpanBacklog backlog_;
  SpanBacklog pause_{0, 1};  // of the collecting thread: closed when it shall end
  // The exporter's thread alone.
  const opentelemetry::sdk::resource::Resource resource_;
  const std::unique_ptr<opentelemetry::sdk::instrumentationscope::InstrumentationScope> scope_;
  const std::unique_ptr<opentelemetry::sdk::trace::SpanExporter> exporter_;
  int failures_in_a_row_ = 0;

  std::atomic<int64_t> close_at_ns_{INT64_MAX};
  std::atomic<bool> closing_{false};
  std::thread collector_;
  std::thread sender_;
};

}  // namespace squall
