#include "daemon/otel/otlp_span_export.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "daemon/otel/exporters.h"
#include "daemon/otel/http_span.h"
#include "daemon/otel/sdk_log.h"
#include "daemon/plan/output_target.h"

namespace squall {
namespace {

using opentelemetry::sdk::common::ExportResult;
using opentelemetry::sdk::instrumentationscope::InstrumentationScope;
using opentelemetry::sdk::trace::Recordable;

constexpr Nanos kCollectEvery = std::chrono::milliseconds(50);
constexpr Nanos kSendEvery = std::chrono::seconds(1);  // at the latest
constexpr size_t kBatchSpans = 512;
constexpr int kTriesMax = 3;
constexpr Nanos kBackoffBegin = std::chrono::milliseconds(200);
constexpr Nanos kBackoffMax = std::chrono::seconds(5);
// A try that fails later than this has waited in vain; another one at the end would, too.
constexpr Nanos kFailsFast = std::chrono::milliseconds(500);

Nanos Backoff(int failures) {
  return std::min(kBackoffMax, kBackoffBegin * (int64_t{1} << std::min(failures - 1, 8)));
}

}  // namespace

OtlpSpanExport::OtlpSpanExport(OtlpSpanOptions options, const Clock* clock)
    : options_(std::move(options)),
      clock_(clock),
      hub_({.ratio = options_.output.sample, .seed = options_.seed}),
      backlog_(options_.backlog_spans, kBatchSpans),
      resource_(MakeResource({options_.output.service_name, options_.source.run_id,
                              options_.source.test, options_.source.agent},
                             options_.sending)),
      scope_(InstrumentationScope::Create("squall", SQUALL_VERSION)),
      exporter_(MakeSpanExporter(options_.output, options_.sending)) {
  collector_ = std::thread([this] { Collect(); });
  sender_ = std::thread([this] { Send(); });
}

OtlpSpanExport::~OtlpSpanExport() { Close(); }

void OtlpSpanExport::Close() {
  if (!sender_.joinable()) {
    return;
  }
  close_at_ns_ = (clock_->Now() + options_.close_time).time_since_epoch().count();
  closing_ = true;
  pause_.Close();
  collector_.join();
  DrainOnce();
  backlog_.Close();
  sender_.join();
  hub_.CountDropped(backlog_.Clear());
  exporter_->Shutdown(std::chrono::seconds(1));
}

void OtlpSpanExport::Collect() {
  while (!closing_) {
    DrainOnce();
    pause_.Wait(kCollectEvery);
  }
}

void OtlpSpanExport::DrainOnce() {
  uint64_t dropped = 0;
  hub_.Drain([&](const RequestSpan& span) {
    if (!backlog_.Add(span)) {
      ++dropped;
    }
  });
  if (dropped > 0) {
    hub_.CountDropped(dropped);
  }
}

void OtlpSpanExport::Send() {
  while (true) {
    const bool closed = backlog_.closed();
    const std::vector<RequestSpan> spans = backlog_.Take(kSendEvery);
    if (spans.empty()) {
      if (closed) {
        return;
      }
      continue;
    }
    if (!SendBatch(spans)) {
      return;
    }
  }
}

bool OtlpSpanExport::SendBatch(const std::vector<RequestSpan>& spans) {
  for (int tries = 1;; ++tries) {
    const TimePoint begin = clock_->Now();
    if (begin.time_since_epoch().count() >= close_at_ns_) {
      hub_.CountDropped(spans.size());
      return false;
    }
    const bool sent = TryOnce(spans);
    Tell(sent);
    if (sent) {
      hub_.CountExported(spans.size());
      for (const RequestSpan& span : spans) {
        hub_.KeepExemplar(span);  // not before: a trace that nobody has is none to go to
      }
      return true;
    }
    const bool slow = clock_->Now() - begin > kFailsFast;
    // A collector that is slow may have taken them all the same: not twice.
    if (slow || closing_ || tries == kTriesMax) {
      hub_.CountFailed(spans.size());
      if (!closing_) {
        backlog_.Wait(Backoff(failures_in_a_row_));
      }
      return !(slow && closing_);
    }
    backlog_.Wait(Backoff(failures_in_a_row_));
  }
}

bool OtlpSpanExport::TryOnce(const std::vector<RequestSpan>& spans) {
  std::vector<std::unique_ptr<Recordable>> batch;
  batch.reserve(spans.size());
  for (const RequestSpan& span : spans) {
    std::unique_ptr<Recordable> recordable = exporter_->MakeRecordable();
    FillRecordable(span, recordable.get());
    recordable->SetResource(resource_);
    recordable->SetInstrumentationScope(*scope_);
    batch.push_back(std::move(recordable));
  }
  TakeOtelFailure();
  const uint64_t errors = OtelErrorsOnThisThread();
  return exporter_->Export({batch.data(), batch.size()}) == ExportResult::kSuccess &&
         OtelErrorsOnThisThread() == errors;
}

// One line when it begins to fail, one when it works again.
void OtlpSpanExport::Tell(bool sent) {
  const bool failed_before = failures_in_a_row_ > 0;
  failures_in_a_row_ = sent ? 0 : failures_in_a_row_ + 1;
  if (sent == failed_before && options_.log) {
    const std::string shown = ShownUrl(options_.output.endpoint);
    if (sent) {
      options_.log(fmt::format("spans reach {} again", shown));
    } else {
      const std::string reason = TakeOtelFailure();
      options_.log(fmt::format("spans do not reach {}: {}", shown,
                               reason.empty() ? "no reason is known" : reason));
    }
  }
}

}  // namespace squall
