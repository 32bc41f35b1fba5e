#include "daemon/protocol/http/http_session.h"

#include <algorithm>
#include <utility>

#include "daemon/base/ascii.h"
#include "daemon/plan/response_check.h"
#include "daemon/protocol/http/inflate.h"
#include "daemon/protocol/http/response_reader.h"
#include "daemon/protocol/http/simple_reply.h"

namespace squall {
namespace {

// A server that ignores "Expect: 100-continue" gets the body after this long (RFC 9110, 10.1.1).
constexpr Nanos kContinueWait = std::chrono::seconds(1);
constexpr int kInterimRepliesMax = 16;
constexpr size_t kInflatedBytesMax = 256 << 20;

// The headers of a reply as the reader kept them: "Name: value\r\n" lines.
class HeaderText final : public HeaderLookup {
 public:
  explicit HeaderText(std::string_view lines) : lines_(lines) {}

  std::optional<std::string_view> Find(std::string_view name) const override {
    std::string_view rest = lines_;
    while (!rest.empty()) {
      const std::string_view line = rest.substr(0, rest.find("\r\n"));
      rest.remove_prefix(line.size() + 2);
      const size_t colon = line.find(": ");
      if (EqualsIgnoringCase(line.substr(0, colon), name)) {
        return line.substr(colon + 2);
      }
    }
    return std::nullopt;
  }

 private:
  const std::string_view lines_;
};

bool IsRedirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

}  // namespace

// A reply while it comes in.
struct HttpSession::Reply {
  std::optional<ResponseReader> reader;
  std::optional<SimpleReply> simple;  // the reader was not needed; its body must not be used later
  int interim = 0;                    // 1xx replies that came before it
  bool clean = true;                  // nothing came after it
  bool body_wanted = false;           // "100 Continue" has come and the body is still here

  bool Done() const { return simple.has_value() || reader->is_done(); }
  bool KeepsAlive() const { return simple.has_value() || reader->keep_alive(); }
};

HttpSession::HttpSession(HttpShard* shard, UserContext* user)
    : shard_(shard), user_(user), pool_(shard, user) {}

Co<bool> HttpSession::Execute(const CompiledRequest* base, UserContext* /*user*/) {
  const auto* request = static_cast<const CompiledHttpRequest*>(base);
  const Retry& retry = request->retry();
  for (int attempt = 1;; ++attempt) {
    const Result result = co_await Attempt(request, attempt);
    if (result != Result::kRetryable || attempt >= retry.attempts_max || user_->stopping()) {
      co_return result == Result::kPassed;
    }
    if (!co_await user_->Pause(retry.delay)) {
      co_return false;
    }
  }
}

Co<HttpSession::Result> HttpSession::Attempt(const CompiledHttpRequest* request, int number) {
  Flight flight;
  flight.request = request;
  flight.intended = number == 1 ? user_->TakeIntendedStart() : std::nullopt;
  std::unique_ptr<ExchangeBuffers> buffers = shard_->Borrow();
  flight.buffers = buffers.get();
  flight.current = request->constant();
  if (flight.current == nullptr) {
    const absl::Status status = request->Render(*user_, &buffers->rendered);
    if (!status.ok()) {
      user_->ReportTaskError(std::string(status.message()));
      shard_->Return(std::move(buffers));
      co_return Result::kNothing;
    }
    flight.current = &buffers->rendered;
  }
  if (user_->spans() != nullptr) {
    StartSpan(&flight, number);
  }
  user_->CountOpenRequest(1);
  for (int hops = 0;; ++hops) {
    co_await Exchange(&flight);
    if (!NextHop(&flight, hops)) {
      break;
    }
  }
  user_->CountOpenRequest(-1);
  const Result result = Conclude(&flight);
  shard_->Return(std::move(buffers));
  co_return result;
}

Co<void> HttpSession::Exchange(Flight* flight) {
  for (bool retried = false;; retried = true) {
    Connection* connection = pool_.FindReusable(flight->current->origin);
    const bool reused = connection != nullptr;
    if (!reused) {
      if (flight->begin == TimePoint{}) {
        flight->begin = user_->reactor()->Fresh();
        flight->deadline = flight->begin + flight->request->timeout();
      }
      flight->error = co_await pool_.Open(flight->current->origin, flight->deadline,
                                          &flight->open_times, &connection);
      if (!flight->error.ok()) {
        flight->end = user_->reactor()->Fresh();
        co_return;
      }
    }
    BuildWire(flight);
    const TimePoint now = user_->reactor()->Fresh();
    flight->hop_sent_at = now;
    if (!flight->sent) {
      flight->sent = true;
      flight->sent_at = now;
      if (flight->begin == TimePoint{}) {
        flight->begin = now;
        flight->deadline = now + flight->request->timeout();
      }
    }
    const uint64_t received_before = flight->bytes_received;
    flight->first_byte_at = TimePoint{};
    const std::string_view wire = flight->buffers->wire;
    co_await Send(flight, connection, wire.substr(0, wire.size() - flight->held_back));
    if (flight->error.ok()) {
      co_await Receive(flight, connection);
    }
    if (flight->error.ok()) {
      co_return;
    }
    flight->end = user_->reactor()->Fresh();
    pool_.Close(connection);
    // The server may close an idle connection just as we send. That is nobody's failure: a request
    // that may be repeated is sent once more, on a new connection (RFC 9110, 9.2.2).
    const bool lost_race = reused && !retried && flight->request->idempotent() &&
                           flight->first_byte_at == TimePoint{} &&
                           flight->bytes_received == received_before &&
                           (flight->error.kind == NetError::Kind::kReset ||
                            flight->error.kind == NetError::Kind::kClosed);
    if (!lost_race) {
      co_return;
    }
    flight->error = NetError{};
  }
}

void HttpSession::BuildWire(Flight* flight) {
  const RenderedRequest& current = *flight->current;
  std::string& wire = flight->buffers->wire;
  wire.assign(current.head);
  if (!cookies_.empty()) {
    std::string& value = flight->buffers->text;
    value.clear();
    if (cookies_.AppendHeaderValue(current.origin, current.target, user_->reactor()->now(),
                                   &value)) {
      wire.append("Cookie: ").append(value).append("\r\n");
    }
  }
  if (flight->spans != nullptr) {
    wire.append("traceparent: ");
    AppendTraceparent(flight->context, &wire);
    wire.append("\r\n");
  }
  wire.append("\r\n").append(current.body);
  flight->held_back = flight->request->expect_continue() ? current.body.size() : 0;
}

Co<void> HttpSession::Send(Flight* flight, Connection* connection, std::string_view bytes) {
  while (!bytes.empty()) {
    const IoResult result = connection->stream.TrySend(bytes.data(), bytes.size());
    if (result.kind == IoResult::Kind::kDone) {
      bytes.remove_prefix(result.bytes);
      flight->bytes_sent += result.bytes;
      continue;
    }
    if (result.kind == IoResult::Kind::kWouldBlock) {
      const Wake wake = co_await connection->stream.WaitWritable(flight->deadline);
      if (wake == Wake::kReady) {
        continue;
      }
      flight->error = wake == Wake::kCancelled
                          ? NetError{NetError::Kind::kCancelled, "cancelled"}
                          : NetError{NetError::Kind::kTimedOut, "timed out (sending)"};
      co_return;
    }
    if (result.kind == IoResult::Kind::kClosed) {
      flight->error = {NetError::Kind::kClosed, "connection closed by the peer"};
    } else {
      flight->error =
          result.error != 0 ? NetErrorFromErrno(result.error) : connection->stream.TlsError();
    }
    co_return;
  }
}

Co<void> HttpSession::SendHeldBack(Flight* flight, Connection* connection) {
  const std::string_view wire = flight->buffers->wire;
  const size_t size = std::exchange(flight->held_back, 0);
  co_await Send(flight, connection, wire.substr(wire.size() - size));
}

// Waits until something can be read, or a held-back body must go out. False: flight->error says
// why.
Co<bool> HttpSession::AwaitBytes(Flight* flight, Connection* connection) {
  while (true) {
    TimePoint deadline = flight->deadline;
    const bool first = flight->first_byte_at == TimePoint{};
    const std::optional<Nanos>& limit = shard_->service().first_byte_timeout;
    if (first && limit.has_value()) {
      deadline = std::min(deadline, flight->hop_sent_at + *limit);
    }
    if (flight->held_back > 0) {
      deadline = std::min(deadline, user_->reactor()->Fresh() + kContinueWait);
    }
    const Wake wake = co_await connection->stream.WaitReadable(deadline);
    if (wake == Wake::kReady) {
      co_return true;
    }
    if (wake == Wake::kDeadline && flight->held_back > 0) {
      co_await SendHeldBack(flight, connection);
      if (!flight->error.ok()) {
        co_return false;
      }
      continue;
    }
    flight->error = wake == Wake::kCancelled ? NetError{NetError::Kind::kCancelled, "cancelled"}
                                             : NetError{NetError::Kind::kTimedOut,
                                                        first ? "timed out (first byte)"
                                                              : "timed out (reading the reply)"};
    co_return false;
  }
}

Co<void> HttpSession::Receive(Flight* flight, Connection* connection) {
  Reply reply;
  StartReply(*flight, &reply);
  flight->buffers->partial.clear();
  while (!reply.Done()) {
    if (!co_await AwaitBytes(flight, connection) || !TakeBytes(flight, connection, &reply)) {
      break;
    }
    while (reply.body_wanted) {
      reply.body_wanted = false;
      // The receive memory is shared: others use it while we send.
      const std::string early = flight->buffers->partial;
      co_await SendHeldBack(flight, connection);
      if (flight->error.ok()) {
        Parse(flight, early, &reply);
      }
    }
    if (!flight->error.ok()) {
      break;
    }
  }
  flight->status = reply.simple.has_value() ? reply.simple->status : reply.reader->status();
  flight->compressed = !reply.simple.has_value() && reply.reader->compressed();
  flight->bytes_received +=
      reply.simple.has_value() ? reply.simple->body.size() : reply.reader->body_bytes();
  if (!flight->error.ok()) {
    co_return;
  }
  if (!flight->buffers->set_cookies.empty()) {
    KeepCookies(*flight);
  }
  // A body that was never sent, or another protocol, leaves the connection in no defined state.
  if (!reply.clean || !reply.KeepsAlive() || !shard_->service().keep_alive ||
      flight->held_back > 0 || flight->status == 101) {
    pool_.Close(connection);
  }
}

void HttpSession::StartReply(const Flight& flight, Reply* reply) {
  const Service& service = shard_->service();
  ExchangeBuffers* buffers = flight.buffers;
  buffers->body.clear();
  buffers->headers.clear();
  buffers->location.clear();
  buffers->set_cookies.clear();
  reply->reader.emplace(SinkFor(flight), flight.current->method == "HEAD",
                        static_cast<uint32_t>(service.header_bytes_max),
                        static_cast<uint64_t>(service.body_bytes_max));
}

// Reads what has come and parses it; false when flight->error says why there is no more.
bool HttpSession::TakeBytes(Flight* flight, Connection* connection, Reply* reply) {
  const std::string& partial = flight->buffers->partial;
  char* scratch = shard_->scratch();
  const size_t kept = partial.size();
  const IoResult got = connection->stream.TryReceive(scratch + kept, shard_->scratch_size() - kept);
  if (got.kind == IoResult::Kind::kWouldBlock) {
    return true;
  }
  flight->end = user_->reactor()->Fresh();
  if (got.kind == IoResult::Kind::kError) {
    flight->error = got.error != 0 ? NetErrorFromErrno(got.error) : connection->stream.TlsError();
    return false;
  }
  if (got.kind == IoResult::Kind::kClosed) {
    if (reply->reader->got_some() && reply->reader->Finish()) {
      return true;
    }
    const bool nothing = flight->first_byte_at == TimePoint{};
    flight->error = {NetError::Kind::kClosed,
                     nothing ? "connection closed by the peer" : "reply cut short"};
    return false;
  }
  if (flight->first_byte_at == TimePoint{}) {
    flight->first_byte_at = flight->end;
  }
  partial.copy(scratch, kept);
  Parse(flight, std::string_view(scratch, kept + got.bytes), reply);
  return flight->error.ok();
}

// Parses interim replies and the reply itself as far as `data` goes, and keeps the rest for later.
// Most replies come whole and plain; then the parser is not needed.
bool HttpSession::TakeSimple(const Flight& flight, std::string_view data, Reply* reply) {
  const ResponseSink sink = SinkFor(flight);
  if (reply->reader->got_some() || reply->interim > 0 || sink.headers != nullptr ||
      flight.held_back > 0 || flight.current->method == "HEAD") {
    return false;
  }
  const Service& service = shard_->service();
  reply->simple = ReadSimpleReply(data, static_cast<size_t>(service.header_bytes_max),
                                  static_cast<uint64_t>(service.body_bytes_max));
  if (!reply->simple.has_value()) {
    return false;
  }
  if (sink.body != nullptr) {
    sink.body->append(reply->simple->body);
  }
  return true;
}

void HttpSession::Parse(Flight* flight, std::string_view data, Reply* reply) {
  if (TakeSimple(*flight, data, reply)) {
    return;
  }
  std::string_view error;
  while (true) {
    data.remove_prefix(reply->reader->Feed(data, &error));
    const int status = reply->reader->status();
    if (!error.empty() || !reply->reader->is_done() || status / 100 != 1 || status == 101) {
      break;
    }
    if (++reply->interim > kInterimRepliesMax) {
      error = "malformed reply (too many interim replies)";
      break;
    }
    StartReply(*flight, reply);
    if (status == 100 && flight->held_back > 0) {
      reply->body_wanted = true;
      break;
    }
  }
  const bool done = reply->reader->is_done();
  const auto rest_max = static_cast<size_t>(shard_->service().header_bytes_max) + 1024;
  if (error.empty() && !done && data.size() > rest_max) {
    error = "malformed reply";
  }
  if (!error.empty()) {
    flight->error = {NetError::Kind::kProtocol, std::string(error)};
    return;
  }
  reply->clean = !done || data.empty();
  flight->buffers->partial.assign(done ? std::string_view() : data);
}

// Where the parts of a reply go; what is there already stays, since a reply may come in pieces.
ResponseSink HttpSession::SinkFor(const Flight& flight) {
  ExchangeBuffers* buffers = flight.buffers;
  const bool tracing = user_->trace() != nullptr;
  ResponseSink sink;
  sink.body = flight.request->checks().NeedsBody() || tracing ? &buffers->body : nullptr;
  sink.headers = flight.request->checks().NeedsHeaders() || tracing ? &buffers->headers : nullptr;
  sink.location = &buffers->location;
  sink.set_cookies = shard_->service().cookies ? &buffers->set_cookies : nullptr;
  return sink;
}

void HttpSession::KeepCookies(const Flight& flight) {
  std::string_view rest = flight.buffers->set_cookies;
  while (!rest.empty()) {
    const size_t end = rest.find('\n');
    cookies_.Store(rest.substr(0, end), flight.current->origin, flight.current->target,
                   user_->reactor()->now(), user_->reactor()->wall());
    rest.remove_prefix(end + 1);
  }
}

// Prepares the request that a redirect asks for; false when the exchange is over.
bool HttpSession::NextHop(Flight* flight, int hops) {
  const int hops_max = flight->request->redirects_max();
  if (!flight->error.ok() || !IsRedirect(flight->status) || hops_max == 0 ||
      flight->buffers->location.empty()) {
    return false;
  }
  if (hops >= hops_max) {
    flight->error = {NetError::Kind::kProtocol, "too many redirects"};
    return false;
  }
  const absl::StatusOr<Url> to =
      ResolveLocation(flight->current->origin, flight->current->target, flight->buffers->location);
  if (!to.ok()) {
    flight->error = {NetError::Kind::kProtocol, "bad redirect location"};
    return false;
  }
  flight->buffers->redirected = flight->request->Follow(*flight->current, flight->status, *to);
  flight->current = &flight->buffers->redirected;
  flight->status = 0;  // of the hop to come
  return true;
}

HttpSession::Result HttpSession::Conclude(Flight* flight) {
  const bool cancelled = flight->error.kind == NetError::Kind::kCancelled;
  if (cancelled && !flight->sent) {
    return Result::kNothing;  // the target never saw it
  }
  Sample sample;
  sample.entry = EntryFor(*flight);
  RequestSpan* span = flight->spans == nullptr ? nullptr : ReserveSpan(*flight);
  sample.status_code = static_cast<uint16_t>(flight->status);
  const TimePoint origin = flight->sent ? flight->sent_at : flight->begin;
  sample.service = flight->end - origin;
  sample.response = flight->end - flight->intended.value_or(flight->begin);
  if (flight->intended.has_value() && flight->sent) {
    sample.start_delay = flight->sent_at - *flight->intended;
  }
  if (flight->first_byte_at != TimePoint{}) {
    sample.first_byte = flight->first_byte_at - flight->sent_at;
  }
  sample.dns = flight->open_times.dns;
  sample.connect = flight->open_times.connect;
  sample.tls = flight->open_times.tls;
  sample.bytes_sent = flight->bytes_sent;
  sample.bytes_received = flight->bytes_received;
  sample.timed_out = flight->error.kind == NetError::Kind::kTimedOut;
  sample.unfinished = cancelled;
  sample.phase = user_->PhaseAt(flight->intended.value_or(origin));
  if (cancelled) {
    sample.failure = "unfinished at the end of the run";
  } else if (!flight->error.ok()) {
    sample.failure = flight->error.text;
  } else {
    sample.failure = Judge(flight, sample.entry, sample.phase);
  }
  sample.ok = sample.failure.empty();
  user_->recorder()->Record(sample, user_->reactor()->wall());
  if (span != nullptr) {
    FinishSpan(*flight, sample, span);
  }
  if (user_->trace() != nullptr) {
    Trace(*flight, sample);
  }
  if (sample.ok) {
    return Result::kPassed;
  }
  const bool retryable = !cancelled && flight->error.kind != NetError::Kind::kForbidden &&
                         (!flight->error.ok() || flight->request->RetriesStatus(flight->status));
  return retryable ? Result::kRetryable : Result::kFailed;
}

// Runs checks and extractions; the reason of the failure, or nothing.
std::string_view HttpSession::Judge(Flight* flight, EntryId entry, RunPhase phase) {
  const CompiledChecks& checks = flight->request->checks();
  ResponseView view;
  view.status = flight->status;
  view.total = flight->end - flight->sent_at;
  const HeaderText headers(flight->buffers->headers);
  view.headers = &headers;
  view.body = flight->buffers->body;
  if (flight->compressed && !view.body.empty() && checks.NeedsBody()) {
    if (!Inflate(view.body, kInflatedBytesMax, &flight->buffers->inflated)) {
      return "body could not be decompressed";
    }
    view.body = flight->buffers->inflated;
  }
  std::optional<std::string> reason =
      checks.Evaluate(view, *user_, [&](const std::string& check, bool passed) {
        user_->recorder()->RecordCheck(entry, check, passed, phase);
        if (user_->trace() != nullptr) {
          user_->trace()->OnCheck(TraceName(*flight), check, passed);
        }
      });
  if (!reason.has_value()) {
    reason = checks.Extract(view, [&](const std::string& as, VariableScope scope, Value value) {
      user_->SetVariable(as, std::move(value), scope);
    });
  }
  if (!reason.has_value()) {
    return {};
  }
  flight->buffers->text = *std::move(reason);
  return flight->buffers->text;
}

EntryId HttpSession::EntryFor(const Flight& flight) {
  if (flight.request->constant_name() != nullptr) {
    return shard_->EntryOf(*flight.request);
  }
  std::string& name = flight.buffers->text;
  name.clear();
  if (!flight.request->name().Render(*user_, &name).ok()) {
    name = "(name could not be rendered)";
  }
  return user_->recorder()->Intern(flight.request->method(), name);
}

std::string_view HttpSession::TraceName(const Flight& flight) {
  const std::string* name = flight.request->constant_name();
  return name == nullptr ? flight.current->target : *name;
}

void HttpSession::Trace(const Flight& flight, const Sample& sample) {
  RequestTrace::Exchange exchange;
  exchange.name = TraceName(flight);
  exchange.request = flight.buffers->wire;
  exchange.response = flight.buffers->headers;
  exchange.body = flight.compressed && !flight.buffers->inflated.empty()
                      ? std::string_view(flight.buffers->inflated)
                      : std::string_view(flight.buffers->body);
  exchange.sample = &sample;
  user_->trace()->OnExchange(exchange);
}

}  // namespace squall
