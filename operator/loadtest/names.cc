#include "operator/loadtest/names.h"

#include <fmt/format.h>

namespace squall {
namespace {

constexpr size_t kUidCharactersShown = 5;

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
  for (const char c : run_id) {
    const bool upper = c >= 'A' && c <= 'Z';
    const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
    id += upper ? static_cast<char>(c - 'A' + 'a') : plain ? c : '-';
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
