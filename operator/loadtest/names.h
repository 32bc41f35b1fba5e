// The names and labels of what a LoadTest owns. They follow from the LoadTest's name alone, so that
// a retry or another leader finds what was made before.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "operator/kube/api/object.h"

namespace squall {

inline constexpr std::string_view kDrainFinalizer = "squall.dev/drain";
inline constexpr std::string_view kManagedByLabel = "app.kubernetes.io/managed-by";
inline constexpr std::string_view kManagedBy = "squall-operator";
inline constexpr std::string_view kLoadTestLabel = "squall.dev/load-test";
inline constexpr std::string_view kRunIdLabel = "squall.dev/run-id";
inline constexpr std::string_view kAgentIndexLabel = "squall.dev/agent-index";
inline constexpr std::string_view kAgentContainer = "agent";
// What the agents' certificate is made out to: a name, since pods' addresses come later.
inline constexpr std::string_view kAgentServerName = "agent.squall.internal";
inline constexpr uint16_t kAgentPort = 7071;
inline constexpr uint16_t kAgentMetricsPort = 9646;

std::string AgentPodName(std::string_view test, uint32_t index);
// What the coordinator calls the agent in a pod: a later pod of the same name is another agent.
std::string AgentNameOf(std::string_view pod, std::string_view uid);
// Whether an agent of the coordinator is, or was, in a pod of this name. An agent that was lost and
// came back is called "NAME#2".
bool IsAgentOfPod(std::string_view agent, std::string_view pod);
std::string AgentsName(std::string_view test);  // of the Service, the PDB and the Secret
std::string RunSecretName(std::string_view test);
// Run ids may hold what names may not.
std::string ReportName(std::string_view test, std::string_view run_id);
// Labels of all that belongs to the test; "app.kubernetes.io/managed-by=…,squall.dev/load-test=…".
std::string SelectorOf(std::string_view test);

// What agents know the run by: unique in the cluster and over re-created LoadTests.
std::string AgentsRunId(std::string_view uid, std::string_view run_id);

}  // namespace squall
