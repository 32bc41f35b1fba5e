// Certificates made in memory, so that a demo over HTTPS needs no files and no openssl command.
#pragma once

#include <string>
#include <vector>

#include <absl/status/statusor.h>

#include "daemon/base/clock.h"

namespace squall {

struct CertificateSpec {
  std::string common_name = "localhost";
  std::vector<std::string> dns_names = {"localhost"};
  std::vector<std::string> ip_addresses = {"127.0.0.1", "::1"};
  Nanos valid_for = std::chrono::hours(24 * 30);
};

struct CertificatePair {
  std::string certificate_pem;
  std::string key_pem;
};

// A P-256 certificate that signs itself, valid from an hour before `now` (clocks differ). A client
// trusts it when it is given as a CA. INTERNAL with OpenSSL's own words when that fails.
absl::StatusOr<CertificatePair> MakeSelfSigned(const CertificateSpec& spec, WallTime now);

}  // namespace squall
