// A Kubernetes API server for tests: real HTTP (or TLS) on loopback, objects in memory, faults on
// demand. tests/kube runs the real one; this one is fast, and breaks when it is told to.
//
//   auto server = FakeApiServer::Start({}, &clock).value();
//   server->Seed("/api/v1/namespaces/default/configmaps", R"({"apiVersion": "v1", …})");
//   server->faults().Add({.code = 409, .path = "leases", .verb = "update", .count = 2});
//   … a client at server->url() …
//   EXPECT_EQ(server->requests().Writes(), 0);
//
// Admission, CEL, RBAC, the scheduler and quotas are not there. Thread-safe but for Start.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <absl/status/statusor.h>
#include <boost/json/object.hpp>

#include "daemon/base/clock.h"
#include "tests/support/kube/api_faults.h"
#include "tests/support/kube/fake_cluster.h"
#include "tests/support/kube/housekeeping.h"
#include "tests/support/kube/request_counts.h"

namespace squall {

struct FakeApiServerOptions {
  std::string listen = "127.0.0.1:0";  // loopback only
  std::string crd_yaml;                // text of a CRD: its type is validated by its schema
  uint64_t seed = 1;                   // of uids, names and the chances of faults
  bool tls = false;                    // with a certificate of its own: ca_pem()
  std::string token;                   // "": no Authorization needed
  size_t log_length_max = 4096;        // changes of a type that a watch can go back
  Nanos bookmark_period = std::chrono::minutes(1);
  Housekeeping::Options housekeeping;  // garbage collector and kubelet; both off
  size_t connections_max = 512;
};

class FakeApiServer final {
 public:
  // INVALID_ARGUMENT for a bad address or CRD, UNAVAILABLE when the address is taken. `clock`
  // outlives the server and gives timestamps and the timeouts of watches.
  static absl::StatusOr<std::unique_ptr<FakeApiServer>> Start(FakeApiServerOptions options,
                                                              const Clock* clock);
  ~FakeApiServer();  // cuts every connection
  FakeApiServer(const FakeApiServer&) = delete;
  FakeApiServer& operator=(const FakeApiServer&) = delete;

  uint16_t port() const;
  std::string url() const;            // "http://127.0.0.1:1234"
  const std::string& ca_pem() const;  // "" without TLS
  int open_watches() const;

  FakeCluster& cluster();  // also the way past all faults: cluster().Call("GET", …)
  ApiFaults& faults();
  RequestCounts& requests();
  Housekeeping& housekeeping();
  void SetToken(std::string token);
  // Resets every open connection, as a restart of the server does.
  void CutConnections();

  // POST past all faults; the object as it is stored. A refusal is a bug of the test.
  boost::json::object Seed(std::string_view collection, std::string body);

 private:
  class Impl;
  explicit FakeApiServer(std::unique_ptr<Impl> impl);
  const std::unique_ptr<Impl> impl_;
};

}  // namespace squall
