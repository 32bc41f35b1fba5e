// A LoadTest as the operator understands it: the wish (spec) as values, and what was last written
// as its status. The API server has checked the spec against the CRD; what is absent has the CRD's
// default here, too. Values; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "daemon/base/clock.h"
#include "operator/kube/api/object.h"

namespace squall {

enum class DesiredState : uint8_t { kRunning, kPaused, kStopped };
enum class LossPolicy : uint8_t {
  kRedistribute,  // the others take over its part
  kReplace,       // the same, and a new agent joins
  kFail,          // the run ends
  kIgnore,        // as kRedistribute, whatever maxLost says
};
enum class AgentCleanup : uint8_t { kAlways, kOnSuccess, kNever };

struct PlanSource {
  enum class Kind : uint8_t { kInline, kConfigMap, kVolume, kImage } kind = Kind::kInline;
  std::string text;              // kInline
  std::string name;              // of the ConfigMap or claim
  std::string key;               // kConfigMap
  std::string path;              // kVolume, kImage
  std::string Describe() const;  // "ConfigMap shop-plan, key plan.yaml"
};

// How agents verify the target, and what they show it. Wins over the plan's, field by field.
struct ServiceTls {
  std::string ca_secret;      // its ca.crt is trusted besides the system's store
  std::string client_secret;  // its tls.crt and tls.key are shown
  std::string server_name;
  bool insecure_skip_verify = false;
};

struct LoadOverride {
  std::optional<uint64_t> users;
  std::optional<double> spawn_rate;
  std::optional<double> arrival_factor;
  bool operator==(const LoadOverride&) const = default;
};

// As many agents as the peak of the load needs.
struct AutoSize {
  uint64_t users_per_agent = 1;
  uint32_t min = 1;
  uint32_t max = 100;
};

struct AgentsSpec {
  uint32_t replicas = 1;
  std::optional<AutoSize> auto_size;  // instead of replicas
  std::string image;                  // "": the operator's default
  std::string image_pull_policy;
  boost::json::array args;
  boost::json::array env;
  boost::json::array env_from;
  boost::json::object resources;
  bool separate_nodes = false;
  boost::json::object pod_template;
  Nanos start_timeout = std::chrono::seconds(600);
  std::optional<uint32_t> ready_min;  // default: all
  bool start_partial = false;
  LossPolicy loss_policy = LossPolicy::kRedistribute;
  uint32_t lost_max = 0;  // with kRedistribute and kReplace: more end the run; 0: no limit
  bool control_loss_stops = false;
  Nanos control_loss_timeout = std::chrono::seconds(120);
};

struct LoadTest {
  ObjectKey key;
  std::string uid;
  int64_t generation = 0;
  bool deleting = false;
  bool has_finalizer = false;
  boost::json::object object;  // as it came

  std::string run_id;
  bool suspend = false;
  DesiredState desired = DesiredState::kRunning;
  std::optional<WallTime> start_time;
  PlanSource plan;
  std::string target_host;
  ServiceTls target_tls;
  boost::json::object profile;    // as written, camelCase
  boost::json::array thresholds;  // as written
  std::optional<LoadOverride> load_override;
  Nanos graceful_stop = std::chrono::seconds(30);
  AgentsSpec agents;
  bool control_tls = true;
  Nanos summary_period = std::chrono::seconds(10);
  size_t top_endpoints = 5;
  bool report_config_map = true;
  std::vector<std::string> report_formats = {"JSON"};
  std::optional<Nanos> deadline;
  std::optional<Nanos> ttl;
  AgentCleanup cleanup = AgentCleanup::kAlways;

  boost::json::object status;  // as last written; empty for a new one
};

LoadTest ReadLoadTest(const boost::json::object& object);

// status.phase as a word of the CRD.
inline constexpr std::string_view kPhasePending = "Pending";
inline constexpr std::string_view kPhaseSuspended = "Suspended";
inline constexpr std::string_view kPhaseScheduled = "Scheduled";
inline constexpr std::string_view kPhasePreparing = "Preparing";
inline constexpr std::string_view kPhaseRunning = "Running";
inline constexpr std::string_view kPhasePaused = "Paused";
inline constexpr std::string_view kPhaseStopping = "Stopping";
inline constexpr std::string_view kPhaseSucceeded = "Succeeded";
inline constexpr std::string_view kPhaseFailed = "Failed";

// Of the run that the spec asks for: "" when the status is about an earlier one.
std::string PhaseOf(const LoadTest& test);
bool IsOver(std::string_view phase);
bool IsActive(std::string_view phase);  // agents may be making load

}  // namespace squall
