// Reads the plan files that a command line names, with the environment and the --set overrides, and
// says everything that is wrong with them. Used by every command that takes a plan.
#pragma once

#include <map>
#include <string>
#include <vector>

#include <absl/status/statusor.h>

#include "daemon/plan/plan.h"

namespace squall {

struct PlanArguments {
  std::vector<std::string> files;  // "-" = standard input
  std::vector<std::string> sets;   // "service.timeout_seconds=5"
};

// INVALID_ARGUMENT with one line per mistake, ready to print; NOT_FOUND for a missing file.
// `warnings` gets what is worth knowing.
absl::StatusOr<Plan> LoadPlan(const PlanArguments& arguments,
                              const std::map<std::string, std::string>& environment,
                              std::vector<std::string>* warnings);

// A whole file, at most `bytes_max`. INVALID_ARGUMENT when it is longer, a folder or not readable.
absl::StatusOr<std::string> ReadTextFile(const std::string& path, size_t bytes_max);

}  // namespace squall
