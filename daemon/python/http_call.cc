#include "daemon/python/http_call.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "daemon/protocol/http/response_reader.h"
#include "daemon/protocol/http/simple_reply.h"
#include "daemon/python/header_text.h"

namespace squall {
namespace {

constexpr size_t kReceiveBytes = size_t{64} * 1024;
constexpr uint32_t kHeaderBytesMax = 64 * 1024;  // http.client's limit for one line
constexpr uint64_t kBodyBytesMax = uint64_t{1} << 30;
constexpr size_t kKeptBytesMax = size_t{16} * 1024;
constexpr int kInterimRepliesMax = 16;
constexpr Nanos kAYear = std::chrono::hours(24 * 365);

TimePoint After(TimePoint start, Nanos wait) {
  return wait >= Reactor::kNever - start ? Reactor::kNever : start + wait;
}

// Empties a text and keeps its memory, unless one huge message has blown it up.
void Recycle(std::string* text) {
  if (text->capacity() > kKeptBytesMax) {
    std::string().swap(*text);
  } else {
    text->clear();
  }
}

bool IsRedirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

bool IsIdempotent(std::string_view method) {
  return method == "GET" || method == "HEAD" || method == "PUT" || method == "DELETE" ||
         method == "OPTIONS" || method == "TRACE";
}

// What requests' users rely on: credentials follow to the same host, also from http to https on the
// usual ports, and nowhere else.
bool KeepsCredentials(const Origin& from, const Origin& to) {
  if (from.host != to.host) {
    return false;
  }
  const bool upgrade = !from.tls && from.port == 80 && to.tls && to.port == 443;
  return upgrade || (from.port == to.port && from.tls == to.tls);
}

}  // namespace

CallContext::CallContext(Reactor* loop, DnsCache* cache, const TargetAllowList* allow_list)
    : reactor(loop),
      dns(cache),
      allowed(allow_list),
      arrivals(&loop->clock()),
      scratch(kReceiveBytes + kHeaderBytesMax) {}

std::string UrlText(const Origin& origin, std::string_view target) {
  return fmt::format("{}://{}{}", origin.tls ? "https" : "http", origin.HostHeader(), target);
}

HttpCall::HttpCall() = default;
HttpCall::~HttpCall() = default;

void HttpCall::Reset(std::shared_ptr<ClientState> state) {
  for (std::string* text : {&request.method, &request.host, &request.target, &request.fields,
                            &request.cookies, &request.body, &reply.head, &reply.body, &wire_,
                            &partial_, &location_, &set_cookies_, &fields_, &reason_}) {
    Recycle(text);
  }
  request.has_length = false;
  request.keeps_out_cookies = false;
  request.redirects_max = 0;
  request.tls = nullptr;
  request.rotation = 0;
  request.connect_timeout = Nanos::max();
  request.read_timeout = Nanos::max();
  request.traced = false;
  reply.status = 0;
  reply.compressed = false;
  history.clear();
  first_target.clear();
  error = NetError{};
  phase = Phase::kConnecting;
  too_many_redirects = false;
  sent = false;
  begin = sent_at = hop_sent_at = first_byte_at = end = TimePoint{};
  times = OpenTimes{};
  bytes_sent = 0;
  bytes_received = 0;
  state_ = std::move(state);
  context_ = nullptr;
  reader_.reset();
}

Co<void> HttpCall::Run(CallContext* context) {
  context_ = context;
  do {
    co_await Exchange();
  } while (NextHop());
  if (end == TimePoint{}) {
    end = context_->reactor->Fresh();
  }
  state_.reset();
}

void HttpCall::Cancel() {
  if (connection_ != nullptr) {
    context_->reactor->Cancel(&connection_->waiter);
  }
}

Co<void> HttpCall::Exchange() {
  for (bool retried = false;; retried = true) {
    phase = Phase::kConnecting;
    connection_ = state_->pool->Take(request.origin, request.tls);
    const bool reused = connection_ != nullptr;
    if (!reused && !co_await Open()) {
      co_return;
    }
    phase = Phase::kReading;
    BuildWire();
    const TimePoint now = context_->reactor->Fresh();
    if (!sent) {
      sent = true;
      sent_at = now;
      begin = begin == TimePoint{} ? now : begin;
    }
    hop_sent_at = now;
    received_at_ = now;
    first_byte_at = TimePoint{};
    const uint64_t received_before = bytes_received;
    const IoResult result = connection_->stream.TrySend(wire_.data(), wire_.size());
    const bool blocked = result.kind == IoResult::Kind::kWouldBlock;
    bool ok = blocked || result.kind == IoResult::Kind::kDone || Fail(result);
    if (ok) {
      bytes_sent += result.bytes;
      ok = (!blocked && result.bytes == wire_.size()) || co_await SendRest(result.bytes);
    }
    if (ok && co_await Receive()) {
      FinishReply();
      co_return;
    }
    state_->pool->Close(std::exchange(connection_, nullptr));
    // The server may close an idle connection just as we send. That is nobody's failure: a request
    // that may be repeated is sent once more, on a new connection (RFC 9110, 9.2.2).
    const bool lost_race =
        reused && !retried && IsIdempotent(request.method) && first_byte_at == TimePoint{} &&
        bytes_received == received_before &&
        (error.kind == NetError::Kind::kReset || error.kind == NetError::Kind::kClosed);
    if (!lost_race) {
      end = context_->reactor->Fresh();
      co_return;
    }
    error = NetError{};
  }
}

Co<bool> HttpCall::Open() {
  Reactor* reactor = context_->reactor;
  connection_ = state_->pool->Add(request.origin, request.tls);
  const TimePoint now = reactor->Fresh();
  begin = begin == TimePoint{} ? now : begin;
  Route route;
  route.tls = request.tls;
  route.connect_timeout = std::min(request.connect_timeout, kAYear);  // can be added to any time
  route.tls_timeout = route.connect_timeout;
  route.rotation = request.rotation;
  Dialer dialer(reactor, context_->dns, context_->allowed);
  error = co_await dialer.Dial(&connection_->stream, &connection_->waiter, &connection_->origin,
                               std::move(route), Reactor::kNever, &times);
  if (error.ok()) {
    connection_->stream.EnableArrivalTimes();
    co_return true;
  }
  state_->pool->Close(std::exchange(connection_, nullptr));
  end = reactor->Fresh();
  co_return false;
}

void HttpCall::BuildWire() {
  wire_.assign(request.method).append(" ").append(request.target).append(" HTTP/1.1\r\n");
  if (!request.host.empty()) {
    wire_.append("Host: ").append(request.host).append("\r\n");
  }
  wire_.append(request.fields);
  const CookieJar& jar = state_->cookies;
  if (!request.keeps_out_cookies && (!jar.empty() || !request.cookies.empty())) {
    std::string& value = reason_;  // not in use now
    value.clear();
    jar.AppendHeaderValue(request.origin, request.target, context_->reactor->now(), &value);
    if (!value.empty() && !request.cookies.empty()) {
      value.append("; ");
    }
    value.append(request.cookies);
    if (!value.empty()) {
      wire_.append("Cookie: ").append(value).append("\r\n");
    }
  }
  if (request.traced) {
    wire_.append("traceparent: ");
    AppendTraceparent(request.trace, &wire_);
    wire_.append("\r\n");
  }
  if (request.has_length || !request.body.empty()) {
    wire_.append("Content-Length: ").append(std::to_string(request.body.size())).append("\r\n");
  }
  wire_.append("\r\n").append(request.body);
}

TimePoint HttpCall::ReadDeadline() const { return After(received_at_, request.read_timeout); }

Co<bool> HttpCall::SendRest(size_t done) {
  while (done < wire_.size()) {
    const IoResult result = connection_->stream.TrySend(wire_.data() + done, wire_.size() - done);
    if (result.kind == IoResult::Kind::kDone) {
      done += result.bytes;
      bytes_sent += result.bytes;
      received_at_ = context_->reactor->now();  // a sign of life
    } else if (result.kind != IoResult::Kind::kWouldBlock) {
      co_return Fail(result);
    } else if (const Wake wake = co_await connection_->stream.WaitWritable(ReadDeadline());
               wake != Wake::kReady) {
      co_return Fail(wake, "timed out (sending)");
    }
  }
  co_return true;
}

// False, so that callers can return it.
bool HttpCall::Fail(Wake wake, std::string_view what) {
  error = wake == Wake::kCancelled ? NetError{NetError::Kind::kCancelled, "cancelled"}
                                   : NetError{NetError::Kind::kTimedOut, std::string(what)};
  return false;
}

bool HttpCall::Fail(const IoResult& result) {
  if (result.kind == IoResult::Kind::kClosed) {
    error = {NetError::Kind::kClosed, "connection closed by the peer"};
  } else {
    error = result.error != 0 ? NetErrorFromErrno(result.error) : connection_->stream.TlsError();
  }
  return false;
}

Co<bool> HttpCall::Receive() {
  reader_.reset();
  simple_ = false;
  clean_ = true;
  interim_ = 0;
  partial_.clear();
  reply.status = 0;
  while (!simple_ && (reader_ == nullptr || !reader_->is_done())) {
    if (const Wake wake = co_await connection_->stream.WaitReadable(ReadDeadline());
        wake != Wake::kReady) {
      co_return Fail(wake, "timed out (reading the reply)");
    }
    if (!TakeBytes()) {
      co_return false;
    }
  }
  co_return true;
}

// Reads what has come and parses it; false when `error` says why there is no more.
bool HttpCall::TakeBytes() {
  char* scratch = context_->scratch.data();
  const size_t kept = partial_.size();
  const IoResult got =
      connection_->stream.TryReceive(scratch + kept, context_->scratch.size() - kept);
  if (got.kind == IoResult::Kind::kWouldBlock) {
    return true;
  }
  if (got.kind == IoResult::Kind::kClosed && reader_ != nullptr && reader_->got_some() &&
      reader_->Finish()) {
    return true;
  }
  if (got.kind != IoResult::Kind::kDone) {
    Fail(got);
    if (got.kind == IoResult::Kind::kClosed && first_byte_at != TimePoint{}) {
      error.text = "reply cut short";
    }
    return false;
  }
  received_at_ = context_->reactor->Fresh();
  end = context_->arrivals.When(got.arrived_at, sent_at, received_at_);
  if (first_byte_at == TimePoint{}) {
    first_byte_at = end;
  }
  partial_.copy(scratch, kept);
  Parse(std::string_view(scratch, kept + got.bytes));
  return error.ok();
}

// Most replies come whole and plain; then the parser is not needed.
bool HttpCall::TakeSimple(std::string_view data) {
  if (reader_ != nullptr || request.method == "HEAD") {
    return false;
  }
  const std::optional<SimpleReply> found = ReadSimpleReply(data, kHeaderBytesMax, kBodyBytesMax);
  if (!found.has_value()) {
    return false;
  }
  simple_ = true;
  reply.status = found->status;
  reply.compressed = false;
  reply.head.assign(found->head);
  reply.body.assign(found->body);
  return true;
}

void HttpCall::StartReader() {
  for (std::string* text : {&reply.body, &location_, &set_cookies_, &fields_, &reason_}) {
    text->clear();
  }
  ResponseSink sink;
  sink.body = &reply.body;
  sink.headers = &fields_;
  sink.location = &location_;
  sink.set_cookies = &set_cookies_;
  sink.reason = &reason_;
  reader_ = std::make_unique<ResponseReader>(sink, request.method == "HEAD", kHeaderBytesMax,
                                             kBodyBytesMax);
}

// Parses interim replies and the reply itself as far as `data` goes, and keeps the rest for later.
void HttpCall::Parse(std::string_view data) {
  if (TakeSimple(data)) {
    return;
  }
  if (reader_ == nullptr) {
    StartReader();
  }
  std::string_view problem;
  while (true) {
    data.remove_prefix(reader_->Feed(data, &problem));
    const int status = reader_->status();
    if (!problem.empty() || !reader_->is_done() || status / 100 != 1 || status == 101) {
      break;
    }
    if (++interim_ > kInterimRepliesMax) {
      problem = "malformed reply (too many interim replies)";
      break;
    }
    StartReader();
  }
  const bool done = reader_->is_done();
  if (problem.empty() && !done && data.size() > kHeaderBytesMax) {
    problem = "malformed reply";
  }
  if (!problem.empty()) {
    error = {NetError::Kind::kProtocol, std::string(problem)};
    return;
  }
  clean_ = !done || data.empty();
  partial_.assign(done ? std::string_view() : data);
}

void HttpCall::FinishReply() {
  bytes_received += reply.body.size();
  bool keep = clean_;
  if (!simple_) {
    reply.status = reader_->status();
    reply.compressed = reader_->compressed();
    reply.head = fmt::format("HTTP/1.1 {} {}\r\n{}\r\n", reply.status, reason_, fields_);
    // Another protocol leaves the connection in no defined state.
    keep = keep && reader_->keep_alive() && reply.status != 101;
    std::string_view rest = set_cookies_;
    while (!rest.empty()) {
      const size_t stop = rest.find('\n');
      state_->cookies.Store(rest.substr(0, stop), request.origin, request.target,
                            context_->reactor->now(), context_->reactor->wall());
      rest.remove_prefix(stop + 1);
    }
  }
  PooledConnection* connection = std::exchange(connection_, nullptr);
  if (keep) {
    state_->pool->GiveBack(connection);
  } else {
    state_->pool->Close(connection);
  }
}

// Prepares the request that a redirect asks for; false when the call is over.
bool HttpCall::NextHop() {
  if (!error.ok() || simple_ || request.redirects_max == 0 || !IsRedirect(reply.status) ||
      location_.empty()) {
    return false;
  }
  const absl::StatusOr<Url> to = ResolveLocation(request.origin, request.target, location_);
  too_many_redirects = history.size() >= static_cast<size_t>(request.redirects_max);
  if (!to.ok() || too_many_redirects) {
    error = {NetError::Kind::kProtocol,
             too_many_redirects ? "too many redirects" : "bad redirect location"};
    reply = HttpCallReply{};
    return false;
  }
  const int status = reply.status;
  reply.method = request.method;
  reply.url = UrlText(request.origin, request.target);
  if (history.empty()) {
    first_target = request.target;
  }
  history.push_back(std::exchange(reply, HttpCallReply{}));
  if (((status == 302 || status == 303) && request.method != "HEAD") ||
      (status == 301 && request.method == "POST")) {
    request.method = "GET";
  }
  if (status != 307 && status != 308) {
    DropField("Content-Type", &request.fields);
    request.body.clear();
    request.has_length = false;
  }
  DropField("Cookie", &request.fields);
  request.keeps_out_cookies = false;
  if (!KeepsCredentials(request.origin, to->origin)) {
    DropField("Authorization", &request.fields);
    DropField("Host", &request.fields);
    request.host = to->origin.HostHeader();
  }
  request.origin = to->origin;
  request.target = to->target;
  return true;
}

}  // namespace squall
