// The Kubernetes API over HTTP/1.1, for programs that block: each call runs on the thread that made
// it, with a deadline on every step. Objects are JSON (operator/kube/api/object.h).
//
// Thread-safe. Connections are kept and reused; a watch has one of its own. Errors carry a
// KubeError (operator/kube/api/kube_error.h says which code means what) unless the server was not
// reached: then they are UNAVAILABLE, or CANCELLED after Stop. Messages never hold credentials.
//
// Retries: an answer 429 or 5xx with Retry-After is repeated up to ten times while the waits fit
// into retry_wait_max, and so is a GET whose connection was cut, after a second each. A reused
// connection that dies before its answer is replaced at once, one time, if the request may be
// repeated (GET, apply, PUT and merge patch with a resourceVersion, DELETE with a uid). 401 reads
// the credentials again, once. Everything else is for the caller.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "daemon/base/clock.h"
#include "operator/kube/api/object.h"
#include "operator/kube/api/resource.h"
#include "operator/kube/api/watch_frames.h"
#include "operator/kube/client/kube_config.h"
#include "operator/kube/client/kube_metrics.h"
#include "operator/kube/client/stop_signal.h"

namespace squall {

struct KubeClientOptions {
  std::string user_agent = "squall-operator";        // "squall-operator/0.1.0 (linux/amd64)"
  std::string field_manager = "squall-operator";     // the owner of what we apply
  Nanos connect_timeout = std::chrono::seconds(10);  // name, TCP, proxy and TLS together
  Nanos request_timeout = std::chrono::seconds(30);  // one attempt; leases want 5 s and own client
  Nanos retry_wait_max = std::chrono::seconds(30);   // the sum of Retry-After waits of one call
  Nanos watch_stall_margin = std::chrono::seconds(5);  // silence beyond the watch's own timeout
  int64_t response_bytes_max = int64_t{256} << 20;     // of one answer that is not a watch
  KubeMetrics* metrics = nullptr;                      // outlives the client; may be nullptr
  // Each distinct Warning header of the server, once ("spec.x is deprecated").
  std::function<void(const std::string&)> on_warning;
  // How to wait before a retry; true to give up. Tests replace it; empty: real time, until Stop.
  std::function<bool(Nanos)> pause;
};

struct ListOptions {
  std::string label_selector;  // "app.kubernetes.io/managed-by=squall-operator"
  std::string field_selector;  // "metadata.name=peak"
  int limit = 500;             // of one page; 0: all in one
};

struct ObjectList {
  // With apiVersion and kind, which servers leave out in lists; without managedFields.
  std::vector<boost::json::object> items;
  std::string resource_version;  // where a watch goes on
};

struct KubeWatchOptions {
  std::string label_selector;
  std::string field_selector;
  std::string resource_version;               // "" starts with ADDED for all that is there
  Nanos timeout = std::chrono::seconds(290);  // the server ends it then; whole seconds
};

enum class Propagation : uint8_t { kBackground, kForeground, kOrphan };

struct DeleteOptions {
  std::string uid;  // the object must still be this one, else ABORTED
  std::optional<int64_t> grace_seconds;
  Propagation propagation = Propagation::kBackground;
};

class KubeClient final {
 public:
  // INVALID_ARGUMENT for a bad server, proxy or PEM text; NOT_FOUND for a missing PEM file. Does
  // not connect. `clock` outlives the client.
  static absl::StatusOr<std::unique_ptr<KubeClient>> Make(KubeConfig config,
                                                          KubeClientOptions options,
                                                          const Clock* clock);
  ~KubeClient();  // no call may be under way
  KubeClient(const KubeClient&) = delete;
  KubeClient& operator=(const KubeClient&) = delete;

  absl::StatusOr<boost::json::object> Get(const ResourceType& type, const ObjectKey& key,
                                          std::string_view subresource = "");
  // In the object's own namespace. ALREADY_EXISTS: look whose it is.
  absl::StatusOr<boost::json::object> Create(const ResourceType& type,
                                             const boost::json::object& object,
                                             std::string_view subresource = "");
  // PUT. With metadata.resourceVersion, ABORTED when somebody else was faster.
  absl::StatusOr<boost::json::object> Update(const ResourceType& type,
                                             const boost::json::object& object,
                                             std::string_view subresource = "");
  // Server-side apply with force: makes the object if need be, and takes back every field that the
  // field manager owned and `intent` leaves out. apiVersion and kind are filled in.
  absl::StatusOr<boost::json::object> Apply(const ResourceType& type,
                                            const boost::json::object& intent,
                                            std::string_view subresource = "");
  // RFC 6902. A failed "test" is INVALID_ARGUMENT (422).
  absl::StatusOr<boost::json::object> JsonPatch(const ResourceType& type, const ObjectKey& key,
                                                const boost::json::array& patch,
                                                std::string_view subresource = "");
  // RFC 7386: lists are replaced whole.
  absl::StatusOr<boost::json::object> MergePatch(const ResourceType& type, const ObjectKey& key,
                                                 const boost::json::object& patch,
                                                 std::string_view subresource = "");
  // OK once the server has accepted it; the object may linger (grace, finalizers). NOT_FOUND when
  // there is none.
  absl::Status Delete(const ResourceType& type, const ObjectKey& key,
                      const DeleteOptions& options = {});

  // All pages. `ns` empty: all namespaces. Starts again, once, when the pages have expired.
  absl::StatusOr<ObjectList> List(const ResourceType& type, std::string_view ns,
                                  const ListOptions& options = {});
  // Calls `on_event` on this thread for each event until the server ends the watch (OK), something
  // fails, or `stop` rings (CANCELLED). UNAVAILABLE for a stall or a cut; OUT_OF_RANGE (410): list
  // again; RESOURCE_EXHAUSTED (429) is not retried here, since the caller backs off anyway.
  absl::Status Watch(const ResourceType& type, std::string_view ns, const KubeWatchOptions& options,
                     const std::function<void(WatchEvent)>& on_event, StopSignal* stop);

  // GET of any path that answers a JSON object: "/version", "/apis/squall.dev/v1alpha1".
  absl::StatusOr<boost::json::object> GetRaw(std::string_view path);

  // Ends every call under way, and all later ones, with CANCELLED. Any thread.
  void Stop();

  const KubeConfig& config() const;
  const std::string& field_manager() const;

 private:
  class Impl;
  explicit KubeClient(std::unique_ptr<Impl> impl);
  const std::unique_ptr<Impl> impl_;
};

}  // namespace squall
