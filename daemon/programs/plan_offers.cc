#include "daemon/programs/plan_offers.h"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "daemon/base/status_macros.h"
#include "daemon/gateway/start_order.h"

namespace squall {
namespace {

absl::StatusOr<std::vector<std::string>> PlansIn(const std::string& directory) {
  std::vector<std::string> files;
  std::error_code error;
  for (std::filesystem::directory_iterator at(directory, error), end; !error && at != end;
       at.increment(error)) {
    const std::string extension = at->path().extension().string();
    if (extension == ".yaml" || extension == ".yml") {
      files.push_back(at->path().string());
    }
  }
  if (error) {
    return absl::NotFoundError(fmt::format("--plan-dir: {}: {}", directory, error.message()));
  }
  std::sort(files.begin(), files.end());
  return files;
}

absl::Status Offer(const std::string& file, const Environment& environment, EventLog* log,
                   std::vector<OfferedPlan>* offered) {
  std::vector<std::string> warnings;
  SQUALL_ASSIGN_OR_RETURN(Plan plan, LoadPlan({.files = {file}}, environment, &warnings));
  for (const std::string& warning : warnings) {
    log->Log(LogLevel::kWarning, "plan", {{"file", file}, {"text", warning}});
  }
  PlanOffer offer = OfferOf(plan, {});
  const bool taken = std::any_of(offered->begin(), offered->end(), [&](const OfferedPlan& other) {
    return other.offer.name == offer.name;
  });
  if (taken) {
    offer.name = file;
  }
  offered->push_back({std::move(offer), std::move(plan), {}});
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<OfferedPlan>> OfferPlans(const std::vector<std::string>& files,
                                                    const std::string& directory,
                                                    const Environment& environment, EventLog* log) {
  std::vector<OfferedPlan> offered;
  for (const std::string& file : files) {
    if (const absl::Status status = Offer(file, environment, log, &offered); !status.ok()) {
      return absl::Status(status.code(), fmt::format("--plan: {}", std::string(status.message())));
    }
  }
  if (directory.empty()) {
    return offered;
  }
  SQUALL_ASSIGN_OR_RETURN(const std::vector<std::string> found, PlansIn(directory));
  for (const std::string& file : found) {
    if (const absl::Status status = Offer(file, environment, log, &offered); !status.ok()) {
      log->Log(LogLevel::kWarning, "not offered",
               {{"file", file}, {"reason", std::string(status.message())}});
    }
  }
  return offered;
}

}  // namespace squall
