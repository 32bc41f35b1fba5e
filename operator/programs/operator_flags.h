// The command line of squall-operator, as typed.
#pragma once

#include <string>
#include <vector>

#include "daemon/telemetry/event_log.h"

namespace squall {

struct OperatorFlags {
  std::string kubeconfig;
  std::string context;
  std::vector<std::string> namespaces;  // empty: all
  bool leader_elect = false;
  std::string lease_namespace;  // "": the one we run in
  std::string lease_name = "squall-operator";
  std::string lease_duration = "15s";
  std::string renew_deadline = "10s";
  std::string retry_period = "2s";
  std::string identity;  // "": host and a random part
  std::string agent_image = "squall/squalld:latest";
  std::string metrics_listen = "127.0.0.1:8080";
  std::string health_listen = "127.0.0.1:8081";
  bool insecure = false;
  std::string web_listen;   // "": no page
  std::string grpc_listen;  // "": no RunService
  std::string web_token_file;
  std::string web_tls_cert;
  std::string web_tls_key;
  std::vector<std::string> web_allowed_hosts;
  bool web_insecure = false;
  int workers = 4;
  std::string health;  // "": serve; else the health address of another squall-operator
  LogFlags log;
};

}  // namespace squall
