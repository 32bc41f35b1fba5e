// In place of otlp.cc where opentelemetry-cpp is not there.
#include "daemon/otel/otlp.h"

namespace squall {

SpanExportMaker OtlpSpanExportMaker(OtlpSending /*sending*/,
                                    std::function<void(std::string_view)> /*log*/) {
  return nullptr;
}

MetricSinkMaker OtlpMetricSinkMaker(OtlpSending /*sending*/) { return nullptr; }

}  // namespace squall
