#include "operator/loadtest/plan_reader.h"

#include <algorithm>
#include <utility>

#include <boost/json/object.hpp>
#include <fmt/format.h>
#include <grpcpp/grpcpp.h>

#include "daemon/base/status_macros.h"
#include "operator/kube/api/kube_error.h"
#include "operator/kube/api/object.h"
#include "operator/kube/api/resource.h"
#include "protos/squall/v1/agent_service.grpc.pb.h"

namespace squall {
namespace {

namespace json = boost::json;

constexpr int kReadSeconds = 5;

PlanFound Without(PlanState state, std::string_view reason, std::string message) {
  PlanFound found;
  found.state = state;
  found.reason = reason;
  found.message = std::move(message);
  return found;
}

PlanFound Judge(PlanOfTest plan) {
  if (plan.errors.empty()) {
    PlanFound found;
    found.plan = std::move(plan);
    return found;
  }
  std::string all;
  for (const std::string& error : plan.errors) {
    all += fmt::format("{}{}", all.empty() ? "" : "\n", error);
  }
  return Without(PlanState::kInvalid, "InvalidPlan", std::move(all));
}

absl::StatusOr<std::string> KeyOfMap(const json::object& map, const std::string& key) {
  const json::object* data = ObjectAt(map, "data");
  const json::value* value = data == nullptr ? nullptr : FindIn(*data, key);
  if (value == nullptr || !value->is_string()) {
    return absl::NotFoundError(fmt::format("ConfigMap {} has no key '{}'", Name(map), key));
  }
  return std::string(value->get_string());
}

PlanFound FromConfigMap(KubeClient* client, const LoadTest& test) {
  const auto map = client->Get(kConfigMaps, {test.key.ns, test.plan.name});
  if (!map.ok()) {
    return Without(PlanState::kMissing, "ConfigMapNotFound", StatusText(map.status()));
  }
  const absl::StatusOr<std::string> text = KeyOfMap(*map, test.plan.key);
  if (!text.ok()) {
    return Without(PlanState::kMissing, "KeyNotFound", StatusText(text.status()));
  }
  return Judge(
      ReadPlanOf(test, *text, [&map](const std::string& key) { return KeyOfMap(*map, key); }));
}

PlanFound FromAgents(const LoadTest& test, const std::vector<PodView>& pods,
                     const AgentFileReader& read_agent_file) {
  const auto ready = std::find_if(pods.begin(), pods.end(), [&](const PodView& pod) {
    return pod.ours && pod.ready && !pod.deleting && pod.run_id == test.run_id;
  });
  if (ready == pods.end()) {
    return Without(PlanState::kUnread, "WaitingForAgents",
                   fmt::format("{}: read once an agent is ready", test.plan.Describe()));
  }
  const auto read = [&](const std::string& path) { return read_agent_file(*ready, path); };
  const absl::StatusOr<std::string> text = read(PlanFileOf(test.plan));
  if (text.ok()) {
    return Judge(ReadPlanOf(test, *text, read));
  }
  const bool away = text.status().code() == absl::StatusCode::kUnavailable ||
                    text.status().code() == absl::StatusCode::kDeadlineExceeded;
  return Without(away ? PlanState::kUnread : PlanState::kInvalid,
                 away ? "WaitingForAgents" : "ImageLacksPlan",
                 fmt::format("{}: {}", test.plan.Describe(), StatusText(text.status())));
}

}  // namespace

std::string PlanDirectoryOf(const PlanSource& plan) {
  if (plan.kind == PlanSource::Kind::kVolume) {
    return std::string(kPlanPath);
  }
  const size_t slash = plan.path.rfind('/');
  return plan.kind != PlanSource::Kind::kImage ? ""
         : slash == std::string::npos          ? "."
         : slash == 0                          ? "/"
                                               : plan.path.substr(0, slash);
}

std::string PlanFileOf(const PlanSource& plan) {
  const size_t slash = plan.path.rfind('/');
  return plan.kind == PlanSource::Kind::kImage && slash != std::string::npos
             ? plan.path.substr(slash + 1)
             : plan.path;
}

PlanFound FetchPlan(KubeClient* client, const LoadTest& test, const std::vector<PodView>& pods,
                    const AgentFileReader& read_agent_file) {
  switch (test.plan.kind) {
    case PlanSource::Kind::kInline:
      return Judge(ReadPlanOf(test, test.plan.text));
    case PlanSource::Kind::kConfigMap:
      return FromConfigMap(client, test);
    case PlanSource::Kind::kVolume:
    case PlanSource::Kind::kImage:
      break;
  }
  return FromAgents(test, pods, read_agent_file);
}

absl::StatusOr<std::string> ReadAgentFile(const std::string& address,
                                          const ChannelSecurity& security,
                                          const std::string& path) {
  SQUALL_ASSIGN_OR_RETURN(const auto channel, MakeChannel(address, security));
  const auto stub = v1::AgentService::NewStub(channel);
  grpc::ClientContext context;
  context.set_deadline(gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
                                    gpr_time_from_seconds(kReadSeconds, GPR_TIMESPAN)));
  context.set_wait_for_ready(true);
  v1::ReadPlanFileRequest request;
  request.set_path(path);
  v1::ReadPlanFileResponse response;
  const grpc::Status status = stub->ReadPlanFile(&context, request, &response);
  if (!status.ok()) {
    return absl::Status(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
  }
  return response.content();
}

}  // namespace squall
