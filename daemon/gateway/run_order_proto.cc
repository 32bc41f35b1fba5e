#include "daemon/gateway/run_order_proto.h"

#include <utility>

#include <fmt/format.h>

#include "daemon/base/status_macros.h"
#include "daemon/gateway/start_order.h"
#include "daemon/wire/plan_proto.h"
#include "daemon/wire/settings_proto.h"
#include "daemon/wire/time_proto.h"
#include "protos/squall/v1/run_service.pb.h"

namespace squall {
namespace {

constexpr int kPlanFilesMax = 64;
constexpr uint32_t kAgentsMax = 10'000;
constexpr Nanos kAgentsWaitMax = std::chrono::hours(24);

absl::StatusOr<Plan> ReadText(const v1::PlanText& text, std::vector<std::string>* warnings) {
  if (text.files_size() == 0 || text.files_size() > kPlanFilesMax) {
    return absl::InvalidArgumentError(
        fmt::format("text.files must be 1 to {} files, got {}", kPlanFilesMax, text.files_size()));
  }
  PlanInputs inputs;
  for (const v1::PlanFile& file : text.files()) {
    inputs.texts.push_back({file.name().empty() ? "plan.yaml" : file.name(), file.content()});
  }
  inputs.sets.assign(text.sets().begin(), text.sets().end());
  return ParseForeignPlan(inputs, warnings);
}

}  // namespace

absl::StatusOr<RunOrder> RunOrderFromProto(const v1::CreateRunRequest& request,
                                           std::vector<std::string>* warnings) {
  RunOrder order;
  order.run_id = request.run_id();
  switch (request.source_case()) {
    case v1::CreateRunRequest::kText: {
      SQUALL_ASSIGN_OR_RETURN(order.plan, ReadText(request.text(), warnings));
      break;
    }
    case v1::CreateRunRequest::kPlan: {
      SQUALL_ASSIGN_OR_RETURN(order.plan, PlanFromProto(request.plan()));
      break;
    }
    case v1::CreateRunRequest::SOURCE_NOT_SET:
      return absl::InvalidArgumentError("source must be one of text, plan");
  }
  SQUALL_ASSIGN_OR_RETURN(order.settings, SettingsFromProto(request.settings()));
  if (order.settings.once) {
    return absl::InvalidArgumentError(
        "settings.once must not be set: a single pass shows its requests on a terminal; use squall "
        "run --once");
  }
  order.agents.assign(request.agents().begin(), request.agents().end());
  order.agents_min = order.agents.empty() ? 1 : order.agents.size();
  if (request.has_agents_min()) {
    if (request.agents_min() == 0 || request.agents_min() > kAgentsMax) {
      return absl::InvalidArgumentError(
          fmt::format("agents_min must be 1 to {}, got {}", kAgentsMax, request.agents_min()));
    }
    order.agents_min = request.agents_min();
  }
  if (!order.agents.empty() && order.agents_min > order.agents.size()) {
    return absl::InvalidArgumentError(
        fmt::format("agents_min must be at most the number of agents, {}, got {}",
                    order.agents.size(), order.agents_min));
  }
  if (request.has_agents_wait()) {
    const std::optional<Nanos> wait = NanosFromProto(request.agents_wait());
    if (!wait.has_value() || *wait < Nanos(0) || *wait > kAgentsWaitMax) {
      return absl::InvalidArgumentError("agents_wait must be 0 to 24 hours");
    }
    order.agents_wait = *wait;
  }
  order.fixed_agents = request.fixed_agents();
  return order;
}

}  // namespace squall
