// What squall-python says of a command line and the locustfiles it names: Locust's options as they
// came out of arguments, environment and configuration files.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <absl/status/statusor.h>

#include "daemon/base/clock.h"

namespace squall {

struct ScriptClass {
  std::string name;
  double weight = 1;
  uint64_t fixed_count = 0;
  std::vector<std::string> tasks;
};

// An option that the locustfile has added to its command line.
struct ScriptOption {
  std::string name;  // as Python code reads it: "api_key"
  std::string help;
  std::string value;  // as it came out; several: one a line; "" of a secret
  std::vector<std::string> choices;
  bool flag = false;
  bool many = false;
  bool secret = false;
  bool required = false;
};

struct ScriptDescription {
  std::optional<uint64_t> users;
  std::optional<double> spawn_rate;
  std::optional<Nanos> run_time;
  std::optional<uint64_t> iterations;
  std::optional<Nanos> stop_timeout;
  std::string host;
  bool headless = false;
  bool autostart = false;
  std::optional<Nanos> autoquit;
  std::string web_host;  // "" = not given
  uint16_t web_port = 8089;
  std::string web_tls_cert;
  std::string web_tls_key;
  bool has_shape = false;
  bool shape_uses_common_options = false;  // -t still ends the run
  std::vector<std::string> tags;
  std::vector<std::string> exclude_tags;
  std::vector<std::string> all_tags;     // of the file's tasks
  std::vector<std::string> locustfiles;  // as Python found them
  std::vector<ScriptClass> classes;
  std::vector<ScriptOption> options;
  std::vector<std::string> agent_arguments;

  std::string csv;
  bool csv_full_history = false;
  std::string html;
  bool json = false;  // on standard output
  std::string json_file;
  bool only_summary = false;
  bool print_stats = false;
  int exit_code_on_error = 1;
  bool skip_log = false;
  std::string log_level;
  std::string log_file;

  bool worker = false;
  bool master = false;
  std::string master_bind_host;
  uint16_t master_bind_port = 0;  // 0: not given
  uint32_t expect_workers = 0;
  std::optional<Nanos> expect_workers_max_wait;
  int processes = 0;
  bool otel = false;  // spans of the requests, to wherever OTEL_* says
};

// INVALID_ARGUMENT for what is no JSON object. Members that are missing, or of another kind, have
// the defaults above.
absl::StatusOr<ScriptDescription> ParseScriptDescription(std::string_view json);

}  // namespace squall
