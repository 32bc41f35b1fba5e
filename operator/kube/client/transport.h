// Requests to one API server: credentials, connections, deadlines and retries, but no idea of what
// is said. Thread-safe; calls block.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "daemon/base/clock.h"
#include "operator/kube/client/connection.h"
#include "operator/kube/client/connection_pool.h"
#include "operator/kube/client/credentials.h"
#include "operator/kube/client/kube_client.h"
#include "operator/kube/client/retry.h"
#include "operator/kube/client/stop_signal.h"
#include "operator/kube/client/tls.h"

namespace squall {

struct ApiCall {
  std::string what;    // "get pods a/b": the start of every message
  std::string method;  // "GET"
  std::string target;  // "/api/v1/pods?limit=500"
  std::string content_type;
  std::string body;
  bool repeatable = false;  // sent twice, it has the effect of once
};

class Transport final {
 public:
  // As KubeClient::Make. `options` and `clock` as there.
  static absl::StatusOr<std::unique_ptr<Transport>> Make(const KubeConfig& config,
                                                         KubeClientOptions options,
                                                         const Clock* clock);
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;

  // The body of a 2xx answer.
  absl::StatusOr<std::string> Call(const ApiCall& call);
  // Hands the body of a 2xx answer to `on_data` piece by piece; OK at its end. `patience` is the
  // longest silence. An error of `on_data` ends it.
  absl::Status Stream(const ApiCall& call, Nanos patience,
                      const std::function<absl::Status(std::string_view)>& on_data,
                      StopSignal* stop);
  void Stop() { stop_.Stop(); }

 private:
  struct Identity {
    KubeCredentials::Current credentials;
    TlsKeeper::Current tls;
  };
  // One attempt: how it ended, and what was said if it went well.
  struct Attempt {
    AttemptEnd end;
    absl::Status status;
    std::string body;
    KubeCall seen;
    uint64_t credentials_generation = 0;
  };

  Transport(const KubeConfig& config, KubeClientOptions options, KubeRoute route,
            const Clock* clock);

  absl::StatusOr<Identity> Identify();
  Attempt TryCall(const ApiCall& call);
  Attempt TryStream(const ApiCall& call, Nanos patience,
                    const std::function<absl::Status(std::string_view)>& on_data, StopSignal* stop);
  // Sends on `connection`, opening it if need be, up to the head of the answer. False: it failed.
  bool Ask(const ApiCall& call, const Identity& identity, KubeConnection* connection, bool fresh,
           Attempt* attempt);
  // The rest of an answer, whose code decides what it means.
  void TakeAnswer(const ApiCall& call, KubeConnection* connection, Attempt* attempt);
  void Fail(const ApiCall& call, const HttpOutcome& outcome, const KubeConnection& connection,
            Attempt* attempt) const;
  void Report(const Attempt& attempt) const;
  KubeRequest MakeRequest(const ApiCall& call, const KubeCredentials::Current& credentials) const;
  bool Pause(Nanos span);
  void NoteWarnings(const HttpHead& head);

  const KubeRoute route_;
  const Impersonation impersonate_;
  const KubeClientOptions options_;
  const Clock* const clock_;
  TlsKeeper tls_;
  std::unique_ptr<KubeCredentials> credentials_;
  KubeConnectionPool pool_;
  StopSignal stop_;
  std::mutex warnings_mutex_;
  std::set<std::string> warnings_;  // guarded by warnings_mutex_
};

}  // namespace squall
