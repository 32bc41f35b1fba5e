// `squall serve`: a long-lived coordinator. Agents join it, programs create runs on it; runs
// survive its restart.
#pragma once

#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "daemon/programs/agent_hall.h"
#include "daemon/programs/run_command.h"
#include "daemon/programs/web_flags.h"
#include "daemon/telemetry/event_log.h"

namespace squall {

struct ServeFlags {
  std::string listen = "127.0.0.1:7070";
  std::string store;  // "": in the user's state directory; ":memory:": nothing is kept
  std::string tls_cert;
  std::string tls_key;
  std::string client_ca;
  std::string token_file;
  bool insecure = false;
  AgentCallFlags agent_call;
  std::vector<std::string> agents;  // always there, without joining
  int processes = 0;                // agents of our own
  std::string agent_timeout = "3s";
  size_t keep_runs = 1000;
  std::string keep_for = "0";  // 0: for ever
  std::string port_file;
  std::string web_listen = "127.0.0.1:8089";  // of the page and its API; "" = none
  WebFlags web;
  std::string metrics_listen = "127.0.0.1:9647";  // "" = no page of metrics
  bool metrics_insecure = false;
  std::vector<std::string> plans;  // files that the page offers
  std::string plan_dir;            // and all that can be run in this directory
  LogFlags log;
  std::string self;  // argv[0]
};

void DefineServeFlags(CLI::App* command, ServeFlags* flags);
// Ends with SIGTERM or SIGINT: 0. Runs that go on are left to the next `squall serve` on the same
// store; with nothing kept they are stopped.
int ServeCommand(const ServeFlags& flags, const Environment& environment, StopSignals* signals);

}  // namespace squall
