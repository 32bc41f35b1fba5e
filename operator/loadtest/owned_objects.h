// Makes and takes away what a LoadTest owns beside its pods: the Secret, the Service, the
// disruption budget, the finalizer. Blocking; any thread. May be repeated without harm; nothing of
// somebody else's is touched: ALREADY_EXISTS names it. ABORTED: the LoadTest has changed, look
// again.
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "daemon/base/clock.h"
#include "daemon/plan/plan.h"
#include "operator/kube/client/kube_client.h"
#include "operator/loadtest/children.h"
#include "operator/loadtest/load_test.h"

namespace squall {

absl::Status AddDrainFinalizer(KubeClient* client, const LoadTest& test);
absl::Status RemoveDrainFinalizer(KubeClient* client, const LoadTest& test);
// The one that is there, or a new one.
absl::StatusOr<AgentSecret> EnsureAgentSecret(KubeClient* client, const LoadTest& test,
                                              const Clock* clock);
// What spec.target.tls says, laid over the plan's: reads the Secrets that it names. NOT_FOUND names
// one that is not there, INVALID_ARGUMENT a key that it lacks.
absl::Status ApplyTargetTls(KubeClient* client, const LoadTest& test, TlsSettings* tls);
absl::Status ApplyChildren(KubeClient* client, const LoadTest& test, const Clock* clock);
// The run's state with them.
absl::Status DropChildren(KubeClient* client, const LoadTest& test);

}  // namespace squall
