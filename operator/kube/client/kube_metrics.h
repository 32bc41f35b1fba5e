// What the client can count, under client-go's names so that stock dashboards work. The client
// knows no metrics library: the program hands in an observer.
#pragma once

#include <cstdint>
#include <string>

#include "daemon/base/clock.h"

namespace squall {

// {code,method,host}; counter.
inline constexpr char kRestClientRequestsTotal[] = "rest_client_requests_total";
// {code,verb,host}; counter.
inline constexpr char kRestClientRetriesTotal[] = "rest_client_request_retries_total";
// {verb,host}; histograms.
inline constexpr char kRestClientDuration[] = "rest_client_request_duration_seconds";
inline constexpr char kRestClientRequestSize[] = "rest_client_request_size_bytes";
inline constexpr char kRestClientResponseSize[] = "rest_client_response_size_bytes";

// One attempt, as it went over the wire. A watch counts once, when its answer's head has come.
struct KubeCall {
  std::string code;    // "200"; "<error>" when no answer came
  std::string method;  // "GET", "PATCH"
  std::string host;    // "10.96.0.1:443"
  Nanos duration{};    // to the end of the answer
  int64_t request_bytes = 0;
  int64_t response_bytes = 0;
};

// Called on the threads that call the client, several at once; must not block.
class KubeMetrics {
 public:
  virtual ~KubeMetrics() = default;
  virtual void OnCall(const KubeCall& call) = 0;
  virtual void OnRetry(const KubeCall& failed) = 0;
};

}  // namespace squall
