// Fetches the plan of a LoadTest from wherever it is: the spec, a ConfigMap (whose other keys are
// the files that the plan names), or a directory that the agents have: of their image, or of a
// volume. Blocking, a few seconds at most; any thread.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <absl/status/statusor.h>

#include "operator/kube/client/kube_client.h"
#include "operator/loadtest/decide.h"
#include "operator/loadtest/load_test.h"
#include "operator/loadtest/plan_of.h"
#include "operator/loadtest/pod_view.h"

namespace squall {

// Where agents have plans that come with a volume.
inline constexpr std::string_view kPlanPath = "/etc/squall/plan";

struct PlanFound {
  PlanState state = PlanState::kAccepted;
  std::string reason;  // unless it is accepted
  std::string message;
  PlanOfTest plan;  // if it is
};

// The file at `path`, relative to the plan directory, of the agent in a pod that is ready.
using AgentFileReader =
    std::function<absl::StatusOr<std::string>(const PodView& pod, const std::string& path)>;

PlanFound FetchPlan(KubeClient* client, const LoadTest& test, const std::vector<PodView>& pods,
                    const AgentFileReader& read_agent_file);

// The directory that agents are to read plans from, and the plan's path in it; "" for a test whose
// plan is not theirs.
std::string PlanDirectoryOf(const PlanSource& plan);
std::string PlanFileOf(const PlanSource& plan);

// Asks the agent at `address` (host:port). NOT_FOUND, INVALID_ARGUMENT as the agent says.
absl::StatusOr<std::string> ReadAgentFile(const std::string& address,
                                          const ChannelSecurity& security, const std::string& path);

}  // namespace squall
