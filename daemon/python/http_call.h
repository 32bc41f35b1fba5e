// One HTTP/1.1 call of Python code, from the first byte sent to the last one received, redirects
// included. Knows nothing of Python: who waits for it wraps Run in a coroutine of his own.
// Calls and what they hold are lent by a CallContext and used again. Loop thread only.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/net/receive_clock.h"
#include "daemon/net/resolver.h"
#include "daemon/net/target_allow_list.h"
#include "daemon/protocol/http/cookie_jar.h"
#include "daemon/protocol/http/dialer.h"
#include "daemon/protocol/http/url.h"
#include "daemon/python/client_pool.h"
#include "daemon/trace/trace_context.h"

namespace squall {

class ResponseReader;

// What one session keeps between calls; shared with its calls, one of which may end after it.
struct ClientState {
  explicit ClientState(Reactor* reactor) : pool(std::make_shared<ClientPool>(reactor)) {}
  std::shared_ptr<ClientPool> pool;  // other sessions may have the same
  CookieJar cookies;
};

// What all calls of a process share.
struct CallContext {
  CallContext(Reactor* loop, DnsCache* cache, const TargetAllowList* allow_list);

  Reactor* const reactor;
  DnsCache* const dns;
  const TargetAllowList* const allowed;
  ReceiveClock arrivals;
  std::vector<char> scratch;  // for one recv and its parsing
};

// Texts are as they go on the wire.
struct HttpCallRequest {
  std::string method;
  Origin origin;
  std::string host;     // of the Host header; "" when `fields` has one
  std::string target;   // path and query
  std::string fields;   // header lines, but for Host, Cookie and Content-Length
  std::string cookies;  // of this call alone: "a=1; b=2"
  std::string body;
  bool has_length = false;         // sends a Content-Length also for an empty body
  bool keeps_out_cookies = false;  // `fields` has a Cookie header, which wins
  int redirects_max = 0;
  const TlsContext* tls = nullptr;
  uint64_t rotation = 0;
  Nanos connect_timeout = Nanos::max();
  Nanos read_timeout = Nanos::max();  // between two signs of life
  uint64_t user = 0;                  // its number in the run
  bool traced = false;                // carries `trace` as its traceparent
  TraceContext trace;
};

struct HttpCallReply {
  int status = 0;    // 0: none has come
  std::string head;  // status line and header lines
  std::string body;  // as it came
  bool compressed = false;
  // What it answers; of those before a redirect only.
  std::string method;
  std::string url;
};

class HttpCall final {
 public:
  enum class Phase : uint8_t { kConnecting, kReading };

  HttpCall();
  ~HttpCall();
  HttpCall(const HttpCall&) = delete;
  HttpCall& operator=(const HttpCall&) = delete;

  // Makes it as new; memory is kept.
  void Reset(std::shared_ptr<ClientState> state);
  // `request` must be filled in. Ends by itself: every wait has the request's deadlines.
  Co<void> Run(CallContext* context);
  // From outside, while Run waits: it ends soon, with kCancelled.
  void Cancel();

  HttpCallRequest request;  // after redirects: the last one
  HttpCallReply reply;
  std::vector<HttpCallReply> history;
  std::string first_target;  // of the first of several requests; "" when there was only one

  NetError error;
  Phase phase = Phase::kConnecting;  // of the error
  bool too_many_redirects = false;
  bool sent = false;
  TimePoint begin{};  // of the first attempt to open a connection, or sent_at
  TimePoint sent_at{};
  TimePoint hop_sent_at{};  // of the latest redirect or repetition
  TimePoint first_byte_at{};
  TimePoint end{};
  OpenTimes times;
  uint64_t bytes_sent = 0;
  uint64_t bytes_received = 0;

 private:
  Co<void> Exchange();
  Co<bool> Open();
  Co<bool> SendRest(size_t sent);
  Co<bool> Receive();
  bool TakeBytes();
  bool TakeSimple(std::string_view data);
  void Parse(std::string_view data);
  void StartReader();
  void FinishReply();
  bool NextHop();
  void BuildWire();
  bool Fail(Wake wake, std::string_view what);
  bool Fail(const IoResult& result);
  TimePoint ReadDeadline() const;

  std::shared_ptr<ClientState> state_;
  CallContext* context_ = nullptr;
  PooledConnection* connection_ = nullptr;
  std::string wire_;
  std::string partial_;  // received but not yet parsed
  std::string location_;
  std::string set_cookies_;
  std::string fields_;
  std::string reason_;
  std::unique_ptr<ResponseReader> reader_;
  bool simple_ = false;  // the reply was read without the reader
  bool clean_ = true;    // nothing came after it
  int interim_ = 0;      // 1xx replies that came before it
  TimePoint received_at_{};
};

// scheme://authority/target
std::string UrlText(const Origin& origin, std::string_view target);

}  // namespace squall
