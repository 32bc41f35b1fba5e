// What the engine asks of a protocol, and what it offers in return. The engine knows when a user
// acts; a Protocol (daemon/protocol/…) knows how. main() hands one to the other.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <absl/status/statusor.h>

#include "daemon/base/clock.h"
#include "daemon/net/co.h"
#include "daemon/net/reactor.h"
#include "daemon/net/resolver.h"
#include "daemon/plan/plan.h"
#include "daemon/plan/template.h"
#include "daemon/stats/recorder.h"
#include "daemon/trace/span_recorder.h"

namespace squall {

class User;
class UserHost;

// Told of every exchange in a verbose single pass (`squall run --once`). Loop thread.
class RequestTrace {
 public:
  virtual ~RequestTrace() = default;
  struct Exchange {
    std::string_view name;
    std::string_view request;   // head and body as sent, secrets included: redact before printing
    std::string_view response;  // head as it came; empty when none did
    std::string_view body;      // after decompression
    const Sample* sample = nullptr;
  };
  virtual void OnExchange(const Exchange& exchange) = 0;
  virtual void OnCheck(std::string_view name, std::string_view check, bool passed) = 0;
  virtual void OnText(std::string_view text) = 0;
};

// One virtual user as its session sees it. Owned by the engine; loop thread only.
class UserContext : public TemplateScope {
 public:
  virtual Reactor* reactor() const = 0;
  virtual Waiter* waiter() = 0;
  virtual Recorder* recorder() const = 0;
  virtual RequestTrace* trace() const = 0;  // nullptr in a normal run
  virtual SpanRecorder* spans() const = 0;  // of the loop; nullptr: nobody wants spans
  // When the schedule wanted this request to start; given once per task run, to its first request.
  virtual std::optional<TimePoint> TakeIntendedStart() = 0;
  virtual RunPhase PhaseAt(TimePoint when) const = 0;
  virtual void SetVariable(std::string_view name, Value value, VariableScope scope) = 0;
  // True when the user should end at the next chance; retries and delays must not outlast it.
  virtual bool stopping() const = 0;
  // An interruptible pause; false when the user is stopping.
  virtual Co<bool> Pause(Nanos span) = 0;
  // A fault of the plan rather than of the target (a variable that is not there).
  virtual void ReportTaskError(std::string_view text) = 0;
  // The request is now on its way (+1) or over (-1).
  virtual void CountOpenRequest(int change) = 0;
  // The generator ran into one of its own limits.
  virtual void CountExhaustion(const NetError& error) = 0;
};

// A request step, ready to run. Immutable; shared by all shards.
class CompiledRequest {
 public:
  virtual ~CompiledRequest() = default;
};

// The protocol state of one user: connections, cookies. Loop thread only.
class Session {
 public:
  virtual ~Session() = default;
  // Performs the request, redirects and retries included, records a sample for each attempt, and
  // runs its checks and extractions. True when the last attempt passed.
  virtual Co<bool> Execute(const CompiledRequest* request, UserContext* user) = 0;
};

// What the sessions of one shard share: scratch buffers, DNS cache, TLS context. Loop thread only.
class ShardClient {
 public:
  virtual ~ShardClient() = default;
  virtual std::unique_ptr<Session> NewSession(size_t class_index, UserContext* user) = 0;
  // By default a StepUser with a session of its own.
  virtual std::unique_ptr<User> NewUser(UserHost* host, uint64_t number, size_t class_index,
                                        uint64_t seed);
};

// Immutable after construction; Compile and MakeShardClient may be called from any thread.
class Protocol {
 public:
  virtual ~Protocol() = default;
  // INVALID_ARGUMENT for what the plan got wrong. `number` counts the requests of the plan from 0.
  virtual absl::StatusOr<std::unique_ptr<CompiledRequest>> Compile(const RequestStep& step,
                                                                   const Plan& plan,
                                                                   const UserClass& user_class,
                                                                   size_t number) const = 0;
  virtual absl::StatusOr<std::unique_ptr<ShardClient>> MakeShardClient(
      std::shared_ptr<const Plan> plan, Reactor* reactor, Resolver* resolver,
      Recorder* recorder) const = 0;
};

}  // namespace squall
