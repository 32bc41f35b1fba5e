// The objects that a LoadTest owns, as intents. Pure; any thread. None of them is ever made without
// the LoadTest as its controller.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <absl/status/statusor.h>
#include <boost/json/object.hpp>

#include "operator/loadtest/load_test.h"

namespace squall {

// What the agents of one test prove themselves with, and ask of whoever commands them.
struct AgentSecret {
  std::string token;
  std::string certificate_pem;  // for kAgentServerName; trusts itself
  std::string key_pem;
};

struct AgentDefaults {
  std::string image = "squall/squalld:latest";  // where spec.agents.image is absent
};

// Agent `index` of the current run.
boost::json::object AgentPod(const LoadTest& test, const AgentDefaults& defaults, uint32_t index);
boost::json::object AgentService(const LoadTest& test);
boost::json::object AgentDisruptionBudget(const LoadTest& test);
boost::json::object AgentSecretObject(const LoadTest& test, const AgentSecret& secret);
// INVALID_ARGUMENT when something is missing from it.
absl::StatusOr<AgentSecret> ReadAgentSecret(const boost::json::object& secret);
// The run's checkpoint, for the leader after us.
boost::json::object RunSecret(const LoadTest& test, const std::string& checkpoint);
// The checkpoint of this very run; "" when it is of another or missing.
std::string ReadRunSecret(const LoadTest& test, const boost::json::object& secret);
// Texts by key; those in `packed` are compressed already and get ".gz".
boost::json::object ReportConfigMap(const LoadTest& test,
                                    const std::vector<std::pair<std::string, std::string>>& texts,
                                    const std::vector<std::pair<std::string, std::string>>& packed);

}  // namespace squall
