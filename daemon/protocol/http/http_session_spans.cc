// What a session does for requests that were chosen for the traces.
#include <algorithm>

#include "daemon/protocol/http/http_session.h"

namespace squall {

// A request that has a traceparent by its plan belongs to somebody else's trace and is left alone.
void HttpSession::StartSpan(Flight* flight, int number) {
  SpanRecorder* spans = user_->spans();
  if (!spans->Choose() || HasTraceparent(flight->current->head)) {
    return;
  }
  flight->spans = spans;
  flight->context = spans->NewContext();
  flight->resend = static_cast<uint16_t>(std::min(number - 1, 0xffff));
}

// Right after EntryFor, which has left the name in `text` if it varies.
RequestSpan* HttpSession::ReserveSpan(const Flight& flight) {
  RequestSpan* span = flight.spans->Reserve();
  if (span != nullptr) {
    const std::string* name = flight.request->constant_name();
    span->name.assign(name == nullptr ? flight.buffers->text : *name);
  }
  return span;
}

void HttpSession::FinishSpan(const Flight& flight, const Sample& sample, RequestSpan* span) {
  const RenderedRequest& last = *flight.current;
  span->context = flight.context;
  span->begin = user_->reactor()->wall() - (user_->reactor()->now() - flight.begin);
  span->duration = flight.end - flight.begin;
  span->response = sample.response;
  span->first_byte =
      flight.first_byte_at == TimePoint{} ? Nanos(0) : flight.first_byte_at - flight.begin;
  span->user = user_->user_number();
  span->bytes_sent = flight.bytes_sent;
  span->bytes_received = flight.bytes_received;
  span->status = sample.status_code;
  span->port = last.origin.port;
  span->resend = flight.resend;
  span->ok = sample.ok;
  span->tls = last.origin.tls;
  span->method.assign(flight.request->method());
  span->host.assign(last.origin.host);
  AssignTarget(last.target, &span->target);
  span->failure.assign(sample.failure);
  flight.spans->Commit();
}

}  // namespace squall
