// A span of ours as OpenTelemetry wants it: the stable semantic conventions of HTTP client spans
// (https://opentelemetry.io/docs/specs/semconv/http/http-spans/), and two attributes of ours.
#pragma once

#include <opentelemetry/sdk/trace/recordable.h>
#include <string>
#include <string_view>

#include "daemon/trace/request_span.h"

namespace squall {

// All but resource and scope.
void FillRecordable(const RequestSpan& span, opentelemetry::sdk::trace::Recordable* out);

// error.type: a status code, or what failed in words that are few: "connection refused" of
// "connection refused: 10.0.0.1:80".
std::string ErrorType(const RequestSpan& span);

// Without credentials: a span has none.
std::string FullUrl(const RequestSpan& span);

}  // namespace squall
