#include "operator/controller/health.h"

#include <fmt/format.h>

namespace squall {
namespace {

constexpr std::string_view kHealthz = "/healthz";
constexpr std::string_view kReadyz = "/readyz";

// "", "verbose", "verbose=1", "a=b&verbose": whatever its value, as controller-runtime has it.
bool AsksVerbose(std::string_view query) {
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    if (pair.substr(0, pair.find('=')) == "verbose") {
      return true;
    }
    query.remove_prefix(pair.size() == query.size() ? pair.size() : pair.size() + 1);
  }
  return false;
}

}  // namespace

void HealthChecks::AddLiveness(std::string name, Check check) {
  liveness_.emplace_back(std::move(name), std::move(check));
}

void HealthChecks::AddReadiness(std::string name, Check check) {
  readiness_.emplace_back(std::move(name), std::move(check));
}

std::optional<HealthAnswer> HealthChecks::Answer(std::string_view target) const {
  const size_t mark = target.find('?');
  const std::string_view path = target.substr(0, mark);
  const bool verbose = mark != std::string_view::npos && AsksVerbose(target.substr(mark + 1));
  if (path.starts_with(kHealthz)) {
    return Run(liveness_, "healthz", path.substr(kHealthz.size()), verbose);
  }
  if (path.starts_with(kReadyz)) {
    return Run(readiness_, "readyz", path.substr(kReadyz.size()), verbose);
  }
  return std::nullopt;
}

std::optional<HealthAnswer> HealthChecks::Run(const Checks& checks, std::string_view endpoint,
                                              std::string_view rest, bool verbose) {
  if (!rest.empty() && rest != "/") {
    for (const auto& [name, check] : checks) {
      if (rest.front() == '/' && rest.substr(1) == name) {
        const bool ok = check();
        return HealthAnswer{ok, ok ? "ok\n" : fmt::format("{} failed\n", name)};
      }
    }
    return std::nullopt;
  }
  HealthAnswer answer;
  for (const auto& [name, check] : checks) {
    const bool ok = check();
    answer.ok = answer.ok && ok;
    answer.text += fmt::format("[{}]{} {}\n", ok ? '+' : '-', name, ok ? "ok" : "failed");
  }
  if (answer.ok && !verbose) {
    return HealthAnswer{true, "ok\n"};
  }
  answer.text += fmt::format("{} check {}\n", endpoint, answer.ok ? "passed" : "failed");
  return answer;
}

}  // namespace squall
