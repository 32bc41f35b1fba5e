// squall: the command line. main() reads it and hands it to one command.
#include <algorithm>
#include <iterator>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "daemon/coordinator/exit_code.h"
#include "daemon/programs/client_commands.h"
#include "daemon/programs/demo_command.h"
#include "daemon/programs/plan_commands.h"
#include "daemon/programs/run_command.h"
#include "daemon/programs/serve_command.h"
#include "daemon/programs/sibling.h"
#include "daemon/programs/signals.h"

extern char** environ;

namespace squall {
namespace {

constexpr const char* kFooter = R"(Exit codes: 0 passed · 1 requests failed · 2 usage · 3 bad plan ·
  4 thresholds failed · 5 agents lost or unreachable · 6 invalid: the generator
  was the limit · 130 interrupted (the report is still written)
Start here: squall demo, or squall run --help)";

Environment ReadEnvironment() {
  Environment environment;
  for (char** item = environ; *item != nullptr; ++item) {
    const std::string_view text = *item;
    if (const size_t equals = text.find('='); equals != std::string_view::npos) {
      environment.emplace(text.substr(0, equals), text.substr(equals + 1));
    }
  }
  return environment;
}

void AddPlanArguments(CLI::App* command, PlanArguments* plan, bool required = true) {
  command
      ->add_option("PLAN,-f,--locustfile", plan->files,
                   "Plan files (YAML), merged in order; - is standard input")
      ->required(required)
      ->delimiter(',');
  command->add_option("--set", plan->sets, "Overrides a value: --set service.timeout=5s")
      ->take_all();
}

void AddLoadFlags(CLI::App* command, RunFlags* flags) {
  command->add_option("-H,--host", flags->host, "Base URL of the target; wins over the plan");
  command->add_option("-u,--users", flags->users, "Number of users; replaces the plan's profile")
      ->check(CLI::Range(uint64_t{1}, uint64_t{10'000'000}));
  command->add_option("-r,--spawn-rate", flags->spawn_rate, "Users started per second")
      ->check(CLI::Range(0.001, 1e6));
  command->add_option("-t,--run-time", flags->run_time,
                      "Ends the run after it: 20, 20s, 3m, 1h20m");
  command->add_option("-i,--iterations", flags->iterations, "Ends after so many task runs in all");
  command->add_option("-T,--tags", flags->tags, "Only tasks with one of these tags")
      ->delimiter(',');
  command->add_option("-E,--exclude-tags", flags->exclude_tags, "No tasks with one of these tags")
      ->delimiter(',');
  command->add_option("-s,--stop-timeout", flags->stop_timeout,
                      "How long running tasks may finish when the run stops");
  command->add_option("--seed", flags->seed, "Repeats the random choices of an earlier run");
  command->add_option("--shards", flags->shards, "Event loops (default: one per core)")
      ->check(CLI::Range(1U, 256U));
}

void AddOutputFlags(CLI::App* command, RunFlags* flags) {
  command->add_flag("--headless", flags->headless, "Start at once and show the run here");
  command->add_flag("--once", flags->once,
                    "Run every task once with one user and show each request and reply");
  command->add_option("--csv", flags->csv, "Prefix of Locust's four CSV files");
  command->add_flag("--csv-full-history", flags->csv_full_history,
                    "History rows for every name, not only the total");
  command->add_option("--json", flags->json, "Write the JSON report to this file");
  command->add_option("--junit", flags->junit, "Write thresholds and checks as JUnit XML");
  command->add_option("--markdown", flags->markdown, "Write a Markdown summary");
  command->add_option("--output", flags->output, "What standard output gets at the end")
      ->check(CLI::IsMember({"text", "json"}));
  command->add_flag("--only-summary", flags->only_summary, "No tables during the run");
  command->add_flag("-q,--quiet", flags->quiet, "No progress, only the result");
  command
      ->add_option("--exit-code-on-error", flags->exit_code_on_error,
                   "Exit code when requests failed")
      ->check(CLI::Range(0, 125));
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

void AddAgentFlags(CLI::App* command, RunFlags* flags) {
  auto* agents =
      command->add_option("--agents", flags->agents, "Run on these squalld (host:port,…)")
          ->delimiter(',');
  auto* expect = command
                     ->add_option("--expect-agents,--expect-workers", flags->expect_agents,
                                  "Wait until so many squalld --join are there, and run on them")
                     ->check(CLI::Range(1U, 10'000U))
                     ->excludes(agents);
  command->add_option("--expect-agents-max-wait,--expect-workers-max-wait",
                      flags->expect_agents_max_wait,
                      "How long to wait for them (default: 60s; 0: for ever)");
  command
      ->add_option("--processes", flags->processes,
                   "Run on so many squalld processes of our own; -1: one for each core")
      ->check(CLI::Range(-1, 1'000))
      ->excludes(agents)
      ->excludes(expect);
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
                    "Let agents of other machines join without TLS and a token");
}

// Locust's words for the same things.
struct LocustFlags {
  bool master = false;
  bool worker = false;
  std::string master_host = "127.0.0.1";
  uint16_t master_port = 5557;
  std::string master_bind_host;
  uint16_t master_bind_port = 5557;
};

void AddLocustFlags(CLI::App* command, LocustFlags* flags) {
  auto* master = command->add_flag("--master", flags->master,
                                   "As --expect-agents 1: agents (Locust's workers) join here");
  command
      ->add_flag("--worker", flags->worker,
                 "Be an agent that joins --master-host; what to run comes from there")
      ->excludes(master);
  command->add_option("--master-host", flags->master_host, "Of a worker: where to join")
      ->capture_default_str();
  command->add_option("--master-port", flags->master_port, "Of a worker: the port there")
      ->capture_default_str();
  command->add_option("--master-bind-host", flags->master_bind_host,
                      "Of the master: as in --join-listen; \"*\" is every address");
  command->add_option("--master-bind-port", flags->master_bind_port, "Of the master: its port")
      ->capture_default_str();
}

bool IsLoopbackHost(const std::string& host) {
  return host == "localhost" || host == "::1" || host == "[::1]" || host.starts_with("127.");
}

// Becomes a squalld. One whose master is on this machine listens here alone.
int WorkerCommand(const LocustFlags& locust, const RunFlags& run) {
  std::vector<std::string> arguments = {
      "--join",           fmt::format("{}:{}", locust.master_host, locust.master_port),
      "--listen",         IsLoopbackHost(locust.master_host) ? "127.0.0.1:0" : "0.0.0.0:0",
      "--metrics-listen", ""};
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

// `locust -f plan …` has no command: what begins with a flag of `run` is a run.
std::vector<std::string> WithCommand(int argc, char** argv) {
  std::vector<std::string> arguments(argv + 1, argv + argc);
  constexpr std::string_view kOwn[] = {"-h", "--help", "--help-all", "-V", "--version"};
  if (!arguments.empty() && arguments[0].starts_with('-') &&
      std::find(std::begin(kOwn), std::end(kOwn), arguments[0]) == std::end(kOwn)) {
    arguments.insert(arguments.begin(), "run");
  }
  std::reverse(arguments.begin(), arguments.end());  // as CLI11 takes them
  return arguments;
}

int Main(int argc, char** argv) {
  StopSignals signals;  // before any other thread
  const Environment environment = ReadEnvironment();
  CLI::App app("Squall: load testing with plans, many agents and honest numbers", "squall");
  app.footer(kFooter);
  app.require_subcommand(1);
  app.set_help_all_flag("--help-all", "Help of every command");

  RunFlags run;
  CLI::App* run_command = app.add_subcommand("run", "Run a plan and report");
  AddPlanArguments(run_command, &run.plan, /*required=*/false);  // not of a worker
  AddLoadFlags(run_command, &run);
  AddOutputFlags(run_command, &run);
  AddAgentFlags(run_command, &run);
  LocustFlags locust;
  AddLocustFlags(run_command, &locust);
  run.self = argv[0];

  ServeFlags serve;
  serve.self = argv[0];
  CLI::App* serve_command =
      app.add_subcommand("serve", "Coordinate runs for others: agents join, programs create runs");
  DefineServeFlags(serve_command, &serve);
  AddAgentCallFlags(serve_command, &serve.agent_call);

  ClientCommands clients;
  clients.Define(&app, environment);

  PlanArguments plan;
  CLI::App* validate = app.add_subcommand("validate", "Check a plan and say what is wrong with it");
  AddPlanArguments(validate, &plan);

  RunFlags inspect;
  CLI::App* inspect_command =
      app.add_subcommand("inspect", "Show what a plan would do, without doing it");
  AddPlanArguments(inspect_command, &inspect.plan);
  AddLoadFlags(inspect_command, &inspect);
  inspect_command->add_option("--output", inspect.output, "Format")
      ->check(CLI::IsMember({"text", "json"}));

  CLI::App* schema = app.add_subcommand("schema", "Print the JSON Schema of plans, for editors");

  DemoFlags demo;
  CLI::App* demo_command =
      app.add_subcommand("demo", "Run the sample plan against a target inside this process");
  demo_command->add_option("-t,--run-time", demo.run_time, "Length of the run");
  demo_command->add_option("-u,--users", demo.users, "Users")
      ->check(CLI::Range(uint64_t{1}, uint64_t{100'000}));

  CLI::App* target = app.add_subcommand("target", "Start the demo target (squall-target)");
  target->prefix_command();
  target->set_help_flag();

  std::string shell;
  CLI::App* completion = app.add_subcommand("completion", "Print a shell completion script");
  completion->add_option("SHELL", shell, "bash, zsh or fish")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));

  CLI::App* version = app.add_subcommand("version", "Print the version");
  app.set_version_flag("--version,-V", std::string("squall ") + SQUALL_VERSION);

  try {
    app.parse(WithCommand(argc, argv));
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error);  // prints help or what is wrong
    return code == 0 ? 0 : static_cast<int>(ExitCode::kUsage);
  }
  if (*run_command && locust.worker) {
    return WorkerCommand(locust, run);
  }
  if (*run_command) {
    if (run.plan.files.empty()) {
      fmt::print(stderr, "squall: run: PLAN must be given\n");
      return static_cast<int>(ExitCode::kUsage);
    }
    ApplyMaster(locust, &run);
    return RunCommand(run, environment, &signals);
  }
  if (*serve_command) {
    return ServeCommand(serve, environment, &signals);
  }
  if (const std::optional<int> code = clients.Run(); code.has_value()) {
    return *code;
  }
  if (*validate) {
    return ValidateCommand(plan, environment);
  }
  if (*inspect_command) {
    return InspectCommand(inspect, environment);
  }
  if (*schema) {
    return SchemaCommand();
  }
  if (*demo_command) {
    return DemoCommand(demo, environment, &signals);
  }
  if (*target) {
    return TargetCommand(argv[0], target->remaining());
  }
  if (*completion) {
    return CompletionCommand(app, shell);
  }
  if (*version) {
    fmt::print("squall {}\n", SQUALL_VERSION);
  }
  return 0;
}

}  // namespace
}  // namespace squall

int main(int argc, char** argv) { return squall::Main(argc, argv); }
