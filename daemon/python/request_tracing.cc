#include "daemon/python/request_tracing.h"

#include "daemon/trace/request_span.h"
#include "daemon/trace/span_recorder.h"

namespace squall {

void StartSpan(LaneContext* lane, HttpCallRequest* request) {
  SpanRecorder* spans = lane->spans();
  if (spans == nullptr || !spans->Choose() || HasTraceparent(request->fields)) {
    return;
  }
  request->traced = true;
  request->trace = spans->NewContext();
}

void FinishSpan(LaneContext* lane, const HttpCall& call, const Sample& sample, TimePoint end,
                std::string_view method, std::string_view name) {
  SpanRecorder* spans = lane->spans();
  RequestSpan* span = spans == nullptr || !call.request.traced ? nullptr : spans->Reserve();
  if (span == nullptr) {
    return;
  }
  const Reactor* reactor = lane->reactor();
  span->context = call.request.trace;
  span->begin = reactor->wall() - (reactor->now() - call.begin);
  span->duration = end - call.begin;
  span->response = sample.response;
  span->first_byte = call.first_byte_at == TimePoint{} ? Nanos(0) : call.first_byte_at - call.begin;
  span->user = call.request.user;
  span->bytes_sent = call.bytes_sent;
  span->bytes_received = call.bytes_received;
  span->status = sample.status_code;
  span->port = call.request.origin.port;
  span->resend = 0;
  span->ok = sample.failure.empty();
  span->tls = call.request.origin.tls;
  span->method.assign(method);
  span->name.assign(name);
  span->host.assign(call.request.origin.host);
  AssignTarget(call.request.target, &span->target);
  span->failure.assign(sample.failure);
  spans->Commit();
}

}  // namespace squall
