// `squall run`: one plan, from its files to the exit code.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "daemon/plan/environment.h"
#include "daemon/plan/plan.h"
#include "daemon/plan/run_settings.h"
#include "daemon/programs/agent_hall.h"
#include "daemon/programs/otel_flags.h"
#include "daemon/programs/plan_files.h"
#include "daemon/programs/signals.h"
#include "daemon/programs/web_flags.h"

namespace squall {

// The command line as typed; times and rates not yet read.
struct RunFlags {
  PlanArguments plan;
  std::string host;
  std::optional<uint64_t> users;
  std::optional<double> spawn_rate;
  std::optional<double> arrival_rate;
  std::string run_time;
  std::optional<uint64_t> iterations;
  std::vector<std::string> tags;
  std::vector<std::string> exclude_tags;
  std::string stop_timeout;
  std::optional<uint64_t> seed;
  std::vector<std::string> agents;  // host:port; empty: in this process
  AgentCallFlags agent_call;
  std::vector<std::string> allow_targets;  // of the agents of ours; empty: all
  uint32_t expect_agents = 0;              // wait for so many to join; 0: do not
  std::string expect_agents_max_wait;
  int processes = 0;  // agents as child processes; -1: one for each core
  std::string join_listen = "127.0.0.1:5557";
  std::string join_tls_cert;
  std::string join_tls_key;
  std::string join_client_ca;
  bool insecure = false;
  std::string self;                           // argv[0]
  std::optional<uint64_t> script_memory_max;  // bytes, of each process of a locustfile
  uint32_t shards = 0;                        // 0: one per core
  bool headless = false;
  bool once = false;
  bool quiet = false;
  bool only_summary = false;
  std::string csv;
  bool csv_full_history = false;
  std::string json;
  std::string junit;
  std::string markdown;
  std::string html;
  std::vector<std::string> outs;  // KIND=TARGET, checked (ParseOutFlag)
  OtelWishes otel;
  std::string output = "text";  // or "json"
  WebFlags web;
  std::string metrics_listen;  // "" = no page of metrics
  bool metrics_insecure = false;
  int exit_code_on_error = 1;
};

// The settings that the flags stand for. INVALID_ARGUMENT names the flag.
absl::StatusOr<RunSettings> SettingsOf(const RunFlags& flags);

// Prints what is wrong with the plan and returns the exit code when it cannot be loaded.
std::optional<int> LoadPlanOrSay(const PlanArguments& arguments, const Environment& environment,
                                 Plan* plan);

int RunCommand(const RunFlags& flags, const Environment& environment, StopSignals* signals);
// The same for a plan that is already there (`squall demo`).
int RunPlan(Plan plan, const RunFlags& flags, const Environment& environment, StopSignals* signals);

}  // namespace squall
