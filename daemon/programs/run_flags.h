// The flags of `squall run`, Locust's among them, and those that other commands share.
#pragma once

#include <cstdint>
#include <string>

#include <CLI/CLI.hpp>

#include "daemon/programs/run_command.h"

namespace squall {

// Locust's words for where agents come from.
struct LocustFlags {
  bool master = false;
  bool worker = false;
  std::string master_host = "127.0.0.1";
  uint16_t master_port = 5557;
  std::string master_bind_host;
  uint16_t master_bind_port = 5557;
};

// A locustfile's own parser knows Locust's words; then only ours are to be taken from the line.
enum class FlagWords : uint8_t { kAll, kOurs };

// Which flags of the web page a command takes.
enum class WebFlagSet : uint8_t {
  kRun,     // all
  kScript,  // without those that Locust has: the locustfile's own parser reads them
  kServe,   // where to listen is --web-listen, and runs are started by others
};

void AddPlanArguments(CLI::App* command, PlanArguments* plan, bool required = true);
void AddLoadFlags(CLI::App* command, RunFlags* flags, FlagWords words = FlagWords::kAll);
// `as_locust`: --json is Locust's flag and not our file.
void AddOutputFlags(CLI::App* command, RunFlags* flags, FlagWords words = FlagWords::kAll,
                    bool as_locust = false);
void AddAgentCallFlags(CLI::App* command, AgentCallFlags* flags);
void AddAgentFlags(CLI::App* command, RunFlags* flags, FlagWords words = FlagWords::kAll);
void AddWebFlags(CLI::App* command, WebFlags* flags, WebFlagSet set);
// Where metrics are served; `*listen` is the default.
void AddMetricsFlags(CLI::App* command, std::string* listen, bool* insecure);
void AddLocustFlags(CLI::App* command, LocustFlags* flags);

// As --expect-agents and --join-listen.
void ApplyMaster(const LocustFlags& locust, RunFlags* run);
// Becomes a squalld. One whose master is on this machine listens here alone.
int WorkerCommand(const LocustFlags& locust, const RunFlags& run);

}  // namespace squall
