#include "daemon/programs/run_flags.h"

#include <algorithm>

#include <fmt/format.h>

#include "daemon/coordinator/exit_code.h"
#include "daemon/plan/arrival_rate.h"
#include "daemon/plan/output_target.h"
#include "daemon/programs/sibling.h"

namespace squall {
namespace {

bool IsLoopbackHost(const std::string& host) {
  return host == "localhost" || host == "::1" || host == "[::1]" || host.starts_with("127.");
}

void AddLocustLoadFlags(CLI::App* command, RunFlags* flags) {
  command->add_option("-H,--host", flags->host, "Base URL of the target; wins over the plan");
  command->add_option("-u,--users", flags->users, "Number of users; replaces the plan's profile")
      ->check(CLI::Range(uint64_t{1}, uint64_t{10'000'000}));
  command->add_option("-r,--spawn-rate", flags->spawn_rate, "Users started per second")
      ->check(CLI::Range(0.001, 1e6));
  command
      ->add_option("--arrival-rate", flags->arrival_rate,
                   "Task runs begun per second, at the peak; instead of users")
      ->check(CLI::Range(0.001, kArrivalRateMax));
  command->add_option("-t,--run-time", flags->run_time,
                      "Ends the run after it: 20, 20s, 3m, 1h20m");
  command->add_option("-i,--iterations", flags->iterations, "Ends after so many task runs in all");
  command->add_option("-T,--tags", flags->tags, "Only tasks with one of these tags")
      ->delimiter(',');
  command->add_option("-E,--exclude-tags", flags->exclude_tags, "No tasks with one of these tags")
      ->delimiter(',');
  command->add_option("-s,--stop-timeout", flags->stop_timeout,
                      "How long running tasks may finish when the run stops");
}

}  // namespace

void AddPlanArguments(CLI::App* command, PlanArguments* plan, bool required) {
  command
      ->add_option("PLAN,-f,--locustfile", plan->files,
                   "Plan files (YAML), merged in order; - is standard input")
      ->required(required)
      ->delimiter(',');
  command->add_option("--set", plan->sets, "Overrides a value: --set service.timeout=5s")
      ->take_all();
}

void AddLoadFlags(CLI::App* command, RunFlags* flags, FlagWords words) {
  if (words == FlagWords::kAll) {
    AddLocustLoadFlags(command, flags);
  }
  command->add_option("--seed", flags->seed, "Repeats the random choices of an earlier run");
  command->add_option("--shards", flags->shards, "Event loops (default: one per core)")
      ->check(CLI::Range(1U, 256U));
}

void AddOutputFlags(CLI::App* command, RunFlags* flags, FlagWords words, bool as_locust) {
  const bool all = words == FlagWords::kAll;
  if (all) {
    command->add_flag("--headless", flags->headless,
                      "No web page: start at once, show the run here, and end with it");
    command->add_flag("--once", flags->once,
                      "Run every task once with one user and show each request and reply");
    command->add_option("--csv", flags->csv, "Prefix of Locust's four CSV files");
    command->add_option("--html", flags->html, "Write the report as one HTML file");
    command->add_flag("--csv-full-history", flags->csv_full_history,
                      "History rows for every name, not only the total");
  }
  if (!as_locust) {
    command->add_option("--json", flags->json, "Write the JSON report to this file");
  }
  command->add_option("--junit", flags->junit, "Write thresholds and checks as JUnit XML");
  command->add_option("--markdown", flags->markdown, "Write a Markdown summary");
  command
      ->add_option("--out", flags->outs,
                   "Send figures while the run goes on, besides the plan's outputs: influxdb=URL,\n"
                   "statsd=HOST:PORT, remote-write=URL, otlp=URL, json=FILE; may be repeated")
      ->allow_extra_args(false)
      ->option_text("KIND=TARGET")
      ->check([](const std::string& text) {
        return std::string(ParseOutFlag(text).status().message());
      });
  command->add_option("--output", flags->output, "What standard output gets at the end")
      ->check(CLI::IsMember({"text", "json"}));
  if (all) {
    command->add_flag("--only-summary", flags->only_summary, "No tables during the run");
  }
  command->add_flag("-q,--quiet", flags->quiet, "No progress, only the result");
  if (all) {
    command
        ->add_option("--exit-code-on-error", flags->exit_code_on_error,
                     "Exit code when requests failed")
        ->check(CLI::Range(0, 125));
  }
}

void AddAgentCallFlags(CLI::App* command, AgentCallFlags* flags) {
  command->add_option("--agent-token-file", flags->token_file,
                      "Bearer token that agents ask for, and show when they join");
  command->add_option("--agent-ca", flags->ca, "CA (PEM) of the agents' TLS certificates");
  auto* cert = command->add_option("--agent-cert", flags->cert, "Our certificate (mTLS)");
  auto* key = command->add_option("--agent-key", flags->key, "Its key");
  cert->needs(key);
  key->needs(cert);
}

void AddAgentFlags(CLI::App* command, RunFlags* flags, FlagWords words) {
  const bool all = words == FlagWords::kAll;
  auto* agents =
      command->add_option("--agents", flags->agents, "Run on these squalld (host:port,…)")
          ->delimiter(',');
  auto* expect = command
                     ->add_option(all ? "--expect-agents,--expect-workers" : "--expect-agents",
                                  flags->expect_agents,
                                  "Wait until so many squalld --join are there, and run on them")
                     ->check(CLI::Range(1U, 10'000U))
                     ->excludes(agents);
  command->add_option(
      all ? "--expect-agents-max-wait,--expect-workers-max-wait" : "--expect-agents-max-wait",
      flags->expect_agents_max_wait, "How long to wait for them (default: 60s; 0: for ever)");
  if (all) {
    command
        ->add_option("--processes", flags->processes,
                     "Run on so many squalld processes of our own; -1: one for each core")
        ->check(CLI::Range(-1, 1'000))
        ->excludes(agents)
        ->excludes(expect);
  }
  command
      ->add_option("--allow-target", flags->allow_targets,
                   "Without --agents: put load on nothing else (addresses, CIDR blocks, hosts,\n"
                   "each with or without a port); may be repeated")
      ->allow_extra_args(false)
      ->excludes(agents)
      ->excludes(expect);
  AddAgentCallFlags(command, &flags->agent_call);
  command->add_option("--join-listen", flags->join_listen, "Where agents join, ADDRESS:PORT")
      ->capture_default_str();
  auto* cert =
      command->add_option("--join-tls-cert", flags->join_tls_cert, "TLS there: certificate chain");
  auto* key = command->add_option("--join-tls-key", flags->join_tls_key, "Its key");
  cert->needs(key);
  key->needs(cert);
  command->add_option("--join-client-ca", flags->join_client_ca, "TLS there: CA of the agents")
      ->needs(cert);
  command->add_flag("--insecure", flags->insecure,
                    "Let other machines reach us (page, joining agents) without a credential");
  command
      ->add_option("--script-memory-max", flags->script_memory_max,
                   "Kill a locustfile's process that uses more memory: 2GB (default: no limit)")
      ->transform(CLI::AsSizeValue(true).description("SIZE"));
}

void AddWebFlags(CLI::App* command, WebFlags* flags, WebFlagSet set) {
  if (set == WebFlagSet::kRun) {
    command
        ->add_option("--web-host", flags->host,
                     "Address of the web page; \"\" or \"*\" is every address, and needs a\n"
                     "credential or --insecure")
        ->capture_default_str();
    command->add_option("-P,--web-port", flags->port, "Its port; 0: one that is free")
        ->capture_default_str();
    auto* autostart =
        command->add_flag("--autostart", flags->autostart, "Start at once, with the web page");
    command
        ->add_option("--autoquit", flags->autoquit_seconds,
                     "End so many seconds after the run that --autostart has started")
        ->check(CLI::Range(0.0, 1e6))
        ->option_text("SECONDS")
        ->needs(autostart);
  }
  command->add_option("--web-token-file", flags->token_file,
                      "The web page asks for this token (or a login with it)");
  command->add_option("--web-auth-file", flags->auth_file,
                      "The web page asks for the USER:PASSWORD in this file");
  auto* cert = command->add_option("--web-tls-cert", flags->tls_cert,
                                   "TLS for the web page: certificate chain, PEM");
  auto* key = command->add_option("--web-tls-key", flags->tls_key, "Its key");
  cert->needs(key);
  key->needs(cert);
  command
      ->add_option("--web-allowed-host", flags->allowed_hosts,
                   "A name by which browsers may call the web page; may be repeated")
      ->allow_extra_args(false);
  command->add_option("--web-port-file", flags->port_file,
                      "Write the web page's port to this file once it is served");
}

void AddMetricsFlags(CLI::App* command, std::string* listen, bool* insecure) {
  command
      ->add_option("--metrics-listen", *listen,
                   "ADDRESS:PORT for /metrics, /healthz and /readyz; \"\": none")
      ->capture_default_str();
  command->add_flag("--metrics-insecure", *insecure,
                    "Let other machines read them without a credential");
}

void AddLocustFlags(CLI::App* command, LocustFlags* flags) {
  auto* master = command->add_flag("--master", flags->master,
                                   "As --expect-agents 1: agents (Locust's workers) join here");
  command
      ->add_flag("--worker", flags->worker,
                 "Be an agent that joins --master-host; what to run comes from there")
      ->excludes(master);
  command->add_option("--master-host", flags->master_host, "Of a worker: where to join")
      ->envname("LOCUST_MASTER_NODE_HOST")
      ->capture_default_str();
  command->add_option("--master-port", flags->master_port, "Of a worker: the port there")
      ->envname("LOCUST_MASTER_NODE_PORT")
      ->capture_default_str();
  command->add_option("--master-bind-host", flags->master_bind_host,
                      "Of the master: as in --join-listen; \"*\" is every address");
  command->add_option("--master-bind-port", flags->master_bind_port, "Of the master: its port")
      ->capture_default_str();
}

int WorkerCommand(const LocustFlags& locust, const RunFlags& run) {
  std::vector<std::string> arguments = {
      "--join",           fmt::format("{}:{}", locust.master_host, locust.master_port),
      "--listen",         IsLoopbackHost(locust.master_host) ? "127.0.0.1:0" : "0.0.0.0:0",
      "--metrics-listen", run.metrics_listen};
  const auto pass = [&](const char* flag, const std::string& value) {
    if (!value.empty()) {
      arguments.insert(arguments.end(), {flag, value});
    }
  };
  pass("--token-file", run.agent_call.token_file);
  pass("--join-token-file", run.agent_call.token_file);
  pass("--join-ca", run.agent_call.ca);
  pass("--tls-cert", run.join_tls_cert);
  pass("--tls-key", run.join_tls_key);
  pass("--client-ca", run.join_client_ca);
  if (run.insecure) {
    arguments.emplace_back("--insecure");
  }
  if (run.metrics_insecure) {
    arguments.emplace_back("--metrics-insecure");
  }
  pass("--otel-endpoint", run.otel.flags.endpoint);
  pass("--otel-protocol", run.otel.flags.protocol);
  if (run.otel.flags.sample.has_value()) {
    pass("--otel-sample", fmt::format("{}", *run.otel.flags.sample));
  }
  if (run.otel.flags.metrics) {
    arguments.emplace_back("--otel-metrics");
  }
  for (const std::string& target : run.allow_targets) {
    pass("--allow-target", target);
  }
  const absl::Status status = BecomeSibling(run.self, "squalld", arguments);
  fmt::print(stderr, "squall: {}\n", std::string(status.message()));
  return static_cast<int>(ExitCode::kUsage);
}

void ApplyMaster(const LocustFlags& locust, RunFlags* run) {
  if (!locust.master) {
    return;
  }
  run->expect_agents = std::max(run->expect_agents, 1U);
  if (!locust.master_bind_host.empty() || locust.master_bind_port != 5557) {
    const std::string host = locust.master_bind_host == "*"    ? "0.0.0.0"
                             : locust.master_bind_host.empty() ? "127.0.0.1"
                                                               : locust.master_bind_host;
    run->join_listen = fmt::format("{}:{}", host, locust.master_bind_port);
  }
}

}  // namespace squall
