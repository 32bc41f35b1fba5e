// Spans of the requests that Python code makes: which get one, and what is in it. Interpreter's
// thread; knows nothing of Python.
#pragma once

#include <string_view>

#include "daemon/python/http_call.h"
#include "daemon/python/lane_context.h"
#include "daemon/stats/sample.h"

namespace squall {

// Before the call, once its request is filled in: draws, and if the request gets a span, makes its
// ids. One whose headers have a traceparent belongs to a trace of the user's own and gets none.
void StartSpan(LaneContext* lane, HttpCallRequest* request);

// Once its sample is recorded; nothing for a request without a span. `end`: of the reply, or of
// the patience with it.
void FinishSpan(LaneContext* lane, const HttpCall& call, const Sample& sample, TimePoint end,
                std::string_view method, std::string_view name);

}  // namespace squall
