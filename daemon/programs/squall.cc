// squall: the command line. main() reads it and hands it to one command.
#include <algorithm>
#include <functional>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "daemon/base/clock.h"
#include "daemon/base/proxy_environment.h"
#include "daemon/coordinator/exit_code.h"
#include "daemon/net/health_probe.h"
#include "daemon/programs/client_commands.h"
#include "daemon/programs/demo_command.h"
#include "daemon/programs/otel_flags.h"
#include "daemon/programs/plan_commands.h"
#include "daemon/programs/run_command.h"
#include "daemon/programs/run_flags.h"
#include "daemon/programs/script_command.h"
#include "daemon/programs/script_line.h"
#include "daemon/programs/serve_command.h"
#include "daemon/programs/signals.h"
#include "daemon/rpc/grpc_log.h"

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

// The command line; of `locust`, LOCUST_MODE_WORKER is --worker, since a worker loads no locustfile
// whose parser could read it.
std::vector<std::string> ReadArguments(int argc, char** argv, const Environment& environment) {
  std::vector<std::string> arguments(argv + 1, argv + argc);
  const auto mode = environment.find("LOCUST_MODE_WORKER");
  const bool worker =
      mode != environment.end() && (mode->second == "1" || mode->second == "true" ||
                                    mode->second == "True" || mode->second == "yes");
  if (worker && IsLocust(argv[0]) &&
      std::find(arguments.begin(), arguments.end(), "--worker") == arguments.end()) {
    arguments.emplace_back("--worker");
  }
  return arguments;
}

// `locust -f plan …` has no command: what begins with a flag of `run` is a run.
std::vector<std::string> WithCommand(std::vector<std::string> arguments) {
  constexpr std::string_view kOwn[] = {"-h", "--help", "--help-all", "-V", "--version"};
  if (!arguments.empty() && arguments[0].starts_with('-') &&
      std::find(std::begin(kOwn), std::end(kOwn), arguments[0]) == std::end(kOwn)) {
    arguments.insert(arguments.begin(), "run");
  }
  std::reverse(arguments.begin(), arguments.end());  // as CLI11 takes them
  return arguments;
}

// All commands with their flags, and what each of them does.
class CommandLine final {
 public:
  CommandLine(std::string self, const Environment& environment, StopSignals* signals)
      : self_(std::move(self)), environment_(environment), signals_(signals) {
    app_.footer(kFooter);
    app_.require_subcommand(1);
    app_.set_help_all_flag("--help-all", "Help of every command");
    app_.set_version_flag("--version,-V", std::string("squall ") + SQUALL_VERSION);
    DefineRun();
    DefineServe();
    DefinePlanCommands();
    DefineOthers();
  }

  int Run(std::vector<std::string> arguments) {
    // A worker gets its locustfile from its master: what was written for Locust's means nothing
    // here.
    run_command_->allow_extras(std::find(arguments.begin(), arguments.end(), "--worker") !=
                               arguments.end());
    try {
      app_.parse(std::move(arguments));
    } catch (const CLI::ParseError& error) {
      const int code = app_.exit(error);  // prints help or what is wrong
      return code == 0 ? 0 : static_cast<int>(ExitCode::kUsage);
    }
    for (const auto& [command, work] : commands_) {
      if (*command) {
        return work();
      }
    }
    return clients_.Run().value_or(0);
  }

 private:
  CLI::App* Add(const std::string& name, const std::string& help, std::function<int()> work) {
    CLI::App* command = app_.add_subcommand(name, help);
    commands_.emplace_back(command, std::move(work));
    return command;
  }

  void DefineRun() {
    CLI::App* run = Add("run", "Run a plan and report", [this] { return RunOrWork(); });
    AddPlanArguments(run, &run_.plan, /*required=*/false);  // not of a worker
    AddLoadFlags(run, &run_);
    AddOutputFlags(run, &run_);
    AddWebFlags(run, &run_.web, WebFlagSet::kRun);
    AddAgentFlags(run, &run_);
    AddMetricsFlags(run, &run_.metrics_listen, &run_.metrics_insecure);
    AddOtelFlags(run, &run_.otel.flags);
    AddLocustFlags(run, &locust_);
    run_.self = self_;
    run_command_ = run;
  }

  int RunOrWork() {
    if (locust_.worker) {
      return WorkerCommand(locust_, run_);
    }
    if (run_.plan.files.empty()) {
      fmt::print(stderr, "squall: run: PLAN must be given\n");
      return static_cast<int>(ExitCode::kUsage);
    }
    if (const std::optional<int> code = ReadOtelOrSay(environment_, &run_.otel); code.has_value()) {
      return *code;
    }
    ApplyMaster(locust_, &run_);
    return RunCommand(run_, environment_, signals_);
  }

  void DefineServe() {
    CLI::App* serve = Add("serve", "Coordinate runs for others: agents join, programs create runs",
                          [this] { return ServeCommand(serve_, environment_, signals_); });
    DefineServeFlags(serve, &serve_);
    AddAgentCallFlags(serve, &serve_.agent_call);
    serve_.self = self_;
    clients_.Define(&app_, environment_, signals_);
  }

  void DefinePlanCommands() {
    AddPlanArguments(Add("validate", "Check a plan and say what is wrong with it",
                         [this] { return ValidateCommand(plan_, environment_); }),
                     &plan_);
    CLI::App* inspect = Add("inspect", "Show what a plan would do, without doing it",
                            [this] { return InspectCommand(inspect_, environment_); });
    AddPlanArguments(inspect, &inspect_.plan);
    AddLoadFlags(inspect, &inspect_);
    AddOtelFlags(inspect, &inspect_.otel.flags);
    inspect->add_option("--output", inspect_.output, "Format")
        ->check(CLI::IsMember({"text", "json"}));
    Add("schema", "Print the JSON Schema of plans, for editors", [] { return SchemaCommand(); });
  }

  void DefineOthers() {
    CLI::App* demo = Add("demo", "Run the sample plan against a target inside this process",
                         [this] { return DemoCommand(demo_, environment_, signals_); });
    demo->add_option("-t,--run-time", demo_.run_time, "Length of the run");
    demo->add_option("-u,--users", demo_.users, "Users")
        ->check(CLI::Range(uint64_t{1}, uint64_t{100'000}));
    demo->add_flag("--headless", demo_.headless, "No web page; also where there is no terminal");
    demo->add_option("-P,--web-port", demo_.web_port, "Port of the web page; 0: one that is free")
        ->capture_default_str();
    target_ = Add("target", "Start the demo target (squall-target)",
                  [this] { return TargetCommand(self_, target_->remaining()); });
    target_->prefix_command();
    target_->set_help_flag();
    Add("completion", "Print a shell completion script",
        [this] { return CompletionCommand(app_, shell_); })
        ->add_option("SHELL", shell_, "bash, zsh or fish")
        ->required()
        ->check(CLI::IsMember({"bash", "zsh", "fish"}));
    CLI::App* health = Add("health", "Ask a program of ours whether it is well: 0 well, 1 not",
                           [this] { return AskHealth(); });
    health
        ->add_option("ADDRESS", health_address_,
                     "HOST:PORT of a page, of a --metrics-listen or of a target, with a path or\n"
                     "without (/healthz); by HTTP, or on loopback by HTTPS, with any certificate,\n"
                     "where that is spoken; http:// or https:// before it says which")
        ->required();
    health->add_flag("--or-absent", health_or_absent_,
                     "Well, too, when nothing listens there: for runs without a page");
    Add("version", "Print the version", [] {
      fmt::print("squall {}\n", SQUALL_VERSION);
      return 0;
    });
  }

  int AskHealth() const {
    const HealthVerdict verdict = JudgeHealth(health_address_, health_or_absent_, SystemClock());
    fmt::print("{}\n", verdict.line);
    return verdict.exit_code;
  }

  const std::string self_;
  const Environment& environment_;
  StopSignals* const signals_;
  CLI::App app_{"Squall: load testing with plans, many agents and honest numbers", "squall"};
  std::vector<std::pair<CLI::App*, std::function<int()>>> commands_;
  RunFlags run_;
  LocustFlags locust_;
  ServeFlags serve_;
  ClientCommands clients_;
  PlanArguments plan_;
  RunFlags inspect_;
  DemoFlags demo_;
  CLI::App* run_command_ = nullptr;
  CLI::App* target_ = nullptr;
  std::string shell_;
  std::string health_address_;
  bool health_or_absent_ = false;
};

}  // namespace
}  // namespace squall

int main(int argc, char** argv) {
  const squall::Environment environment = squall::ReadEnvironment();
  squall::SetProxiesAside();
  squall::StopSignals signals;     // before any other thread
  squall::SendGrpcLogTo(nullptr);  // what went wrong is in the status of the call
  std::vector<std::string> arguments = squall::ReadArguments(argc, argv, environment);
  if (auto line = squall::FindScriptLine(argv[0], arguments); line.has_value()) {
    return squall::ScriptCommand(*std::move(line), argv[0], environment, &signals);
  }
  return squall::CommandLine(argv[0], environment, &signals)
      .Run(squall::WithCommand(std::move(arguments)));
}
