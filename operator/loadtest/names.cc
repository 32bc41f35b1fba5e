#include "operator/loadtest/names.h"

#include <fmt/format.h>

namespace squall {
namespace {

constexpr size_t kUidCharactersShown = 5;

bool IsAlphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

}  // namespace

std::string AgentPodName(std::string_view test, uint32_t index) {
  return fmt::format("{}-agent-{}", test, index);
}

std::string AgentNameOf(std::string_view pod, std::string_view uid) {
  return fmt::format("{}-{}", pod, uid.substr(0, kUidCharactersShown));
}

bool IsAgentOfPod(std::string_view agent, std::string_view pod) {
  agent = agent.substr(0, agent.find('#'));
  return agent.size() == pod.size() + 1 + kUidCharactersShown && agent.starts_with(pod);
}

std::string AgentsName(std::string_view test) { return fmt::format("{}-agents", test); }

std::string RunSecretName(std::string_view test) { return fmt::format("{}-run", test); }

std::string ReportName(std::string_view test, std::string_view run_id) {
  std::string id;
  for (size_t i = 0; i < run_id.size(); ++i) {
    const char c = run_id[i];
    // A dot in a name stands between letters or digits: "1.2", but not "1-.2".
    const bool dot = c == '.' && i > 0 && i + 1 < run_id.size() && IsAlphanumeric(run_id[i - 1]) &&
                     IsAlphanumeric(run_id[i + 1]);
    const bool upper = c >= 'A' && c <= 'Z';
    id += upper ? static_cast<char>(c - 'A' + 'a') : IsAlphanumeric(c) || dot ? c : '-';
  }
  return fmt::format("{}-{}-report", test, id);
}

std::string SelectorOf(std::string_view test) {
  return fmt::format("{}={},{}={}", kManagedByLabel, kManagedBy, kLoadTestLabel, test);
}

std::string AgentsRunId(std::string_view uid, std::string_view run_id) {
  return fmt::format("{}-{}", uid, run_id);
}

}  // namespace squall
