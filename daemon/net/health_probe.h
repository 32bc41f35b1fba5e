// Asks an HTTP or HTTPS server whether it is well, as the health check of a container does: one GET
// on a connection of its own. Blocks; for the thread of a program that does nothing else.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "daemon/base/clock.h"

namespace squall {

struct HealthAddress {
  // Without a scheme: HTTP, and TLS where that is not what is spoken on a loopback address, so that
  // one health check does for a program with a certificate and without.
  enum class Scheme : uint8_t { kEither, kHttp, kHttps };

  std::string host;  // a name, or an IPv4 or IPv6 address without brackets
  std::string port;
  std::string path = "/healthz";
  Scheme scheme = Scheme::kEither;

  bool operator==(const HealthAddress&) const = default;
};

// "127.0.0.1:9646", "agent:9646/readyz", "https://[::1]:8082/healthz". INVALID_ARGUMENT for the
// rest.
absl::StatusOr<HealthAddress> ParseHealthAddress(std::string_view text);

// One line for people when the answer is 2xx. NOT_FOUND when nothing listens there, UNAVAILABLE
// with what was answered, or went wrong, otherwise. Looking a name up is not bounded by `timeout`.
// On loopback no certificate is verified: it is made for other names, and nobody is in between.
// One that asks for ours and then ends the connection is well: it answers, and a health check has
// none. (A server that only likes to have one, and breaks down then, cannot be told from it.)
absl::StatusOr<std::string> ProbeHealth(const HealthAddress& address, Nanos timeout,
                                        const Clock& clock);

// Both, for a command line, in at most three seconds: its exit code (0 well, 1 not, 2 bad address)
// and its line.
struct HealthVerdict {
  int exit_code = 0;
  std::string line;
};
// `absent_is_well`: that nothing listens there is no fault.
HealthVerdict JudgeHealth(std::string_view address, bool absent_is_well, const Clock& clock);

}  // namespace squall
