// The HTTP/1.1 client of one user: sends a request, reads the reply, follows redirects, keeps
// cookies, runs the checks, and records what happened. Owned by the engine's User; loop thread
// only.
#pragma once

#include <optional>
#include <string>

#include "daemon/engine/protocol.h"
#include "daemon/protocol/http/compiled_request.h"
#include "daemon/protocol/http/connection_pool.h"
#include "daemon/protocol/http/cookie_jar.h"
#include "daemon/protocol/http/http_shard.h"
#include "daemon/protocol/http/response_sink.h"
#include "daemon/trace/request_span.h"
#include "daemon/trace/span_recorder.h"

namespace squall {

class HttpSession final : public Session {
 public:
  HttpSession(HttpShard* shard, UserContext* user);

  Co<bool> Execute(const CompiledRequest* request, UserContext* user) override;

 private:
  // One attempt, redirects included: what the coroutines below share.
  struct Flight {
    const CompiledHttpRequest* request = nullptr;
    const RenderedRequest* current = nullptr;
    ExchangeBuffers* buffers = nullptr;
    std::optional<TimePoint> intended;
    TimePoint begin{};
    TimePoint sent_at{};
    TimePoint hop_sent_at{};  // of the latest redirect or repetition
    TimePoint first_byte_at{};
    TimePoint end{};
    TimePoint deadline{};
    OpenTimes open_times;
    NetError error;
    int status = 0;
    bool compressed = false;
    bool sent = false;
    size_t held_back = 0;           // bytes of the wire that wait for "100 Continue"
    SpanRecorder* spans = nullptr;  // takes the span of this attempt; nullptr: it gets none
    TraceContext context;           // of that span
    uint16_t resend = 0;
    uint64_t bytes_sent = 0;
    uint64_t bytes_received = 0;
  };
  struct Reply;
  enum class Result : uint8_t { kPassed, kFailed, kRetryable, kNothing };

  Co<Result> Attempt(const CompiledHttpRequest* request, int number);
  Co<void> Exchange(Flight* flight);
  Co<void> Send(Flight* flight, Connection* connection, std::string_view bytes);
  Co<void> Receive(Flight* flight, Connection* connection);
  Co<void> SendHeldBack(Flight* flight, Connection* connection);
  Co<bool> AwaitBytes(Flight* flight, Connection* connection);
  void StartReply(const Flight& flight, Reply* reply);
  bool TakeBytes(Flight* flight, Connection* connection, Reply* reply);
  void Parse(Flight* flight, std::string_view data, Reply* reply);
  bool TakeSimple(const Flight& flight, std::string_view data, Reply* reply);
  bool NextHop(Flight* flight, int hops);
  void BuildWire(Flight* flight);
  ResponseSink SinkFor(const Flight& flight);
  void KeepCookies(const Flight& flight);
  Result Conclude(Flight* flight);
  std::string_view Judge(Flight* flight, EntryId entry, RunPhase phase);
  EntryId EntryFor(const Flight& flight);
  static std::string_view TraceName(const Flight& flight);
  void Trace(const Flight& flight, const Sample& sample);
  void StartSpan(Flight* flight, int number);
  RequestSpan* ReserveSpan(const Flight& flight);
  void FinishSpan(const Flight& flight, const Sample& sample, RequestSpan* span);

  HttpShard* const shard_;
  UserContext* const user_;
  ConnectionPool pool_;
  CookieJar cookies_;
};

}  // namespace squall
