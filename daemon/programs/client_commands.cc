#include "daemon/programs/client_commands.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <utility>

#include <fmt/format.h>
#include <google/protobuf/util/json_util.h>

#include "daemon/base/file.h"
#include "daemon/base/status_macros.h"
#include "daemon/base/units.h"
#include "daemon/coordinator/exit_code.h"
#include "daemon/net/token_guard.h"
#include "daemon/programs/run_lines.h"
#include "daemon/programs/run_output.h"
#include "daemon/programs/serve_client.h"
#include "daemon/programs/terminal.h"
#include "daemon/programs/watch_command.h"
#include "daemon/rpc/pem_file.h"
#include "daemon/wire/plan_proto.h"
#include "daemon/wire/settings_proto.h"
#include "daemon/wire/time_proto.h"

namespace squall {
namespace {

constexpr double kSpawnRateDefault = 100;  // of a change that says nothing else

}  // namespace

struct ClientCommands::Flags {
  std::string server = "127.0.0.1:7070";
  std::string token_file;
  std::string ca;
  std::string cert;
  std::string key;
  std::string output = "text";
  std::string run_id;
  std::string base_run_id;
  RunFlags run;  // start: the plan and the load
  Environment environment;
  StopSignals* signals = nullptr;
  std::vector<std::string> agents;
  std::optional<uint32_t> agents_min;
  std::string agents_wait = "60s";
  bool fixed_agents = false;
  bool detach = false;
  bool dry_run = false;
  std::optional<uint64_t> users;  // scale
  double spawn_rate = kSpawnRateDefault;
  std::optional<double> arrival_factor;
  bool reset = false;
  std::vector<std::string> stages;
  bool now = false;  // stop
  std::string reason;
  std::string format = "text";  // report
  std::string file;

  bool json() const { return output == "json"; }
};

namespace {

std::string Json(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = true;
  options.preserve_proto_field_names = true;
  options.always_print_primitive_fields = true;
  std::string text;
  google::protobuf::util::MessageToJsonString(message, &text, options).ok();
  return text;
}

template <typename Number>
bool ReadNumber(std::string_view text, Number* number) {
  const auto [end, error] = std::from_chars(text.begin(), text.end(), *number);
  return error == std::errc() && end == text.end();
}

// "30s:50" or "30s:50:10".
absl::Status ReadStage(std::string_view text, v1::Stage* stage) {
  const size_t first = std::min(text.find(':'), text.size());
  const size_t second = std::min(text.find(':', first + 1), text.size());
  const absl::StatusOr<Nanos> duration = ParseTimeSpan(text.substr(0, first));
  uint64_t users = 0;
  double rate = kSpawnRateDefault;
  const bool good = duration.ok() && first < text.size() &&
                    ReadNumber(text.substr(first + 1, second - first - 1), &users) &&
                    (second == text.size() || ReadNumber(text.substr(second + 1), &rate));
  if (!good) {
    return absl::InvalidArgumentError(
        fmt::format("STAGE must be DURATION:USERS[:SPAWN_RATE], as 30s:50:10, got '{}'", text));
  }
  NanosToProto(*duration, stage->mutable_duration());
  stage->set_users(users);
  stage->set_spawn_rate(rate);
  return absl::OkStatus();
}

}  // namespace

// What the commands do.
struct ClientCommands::Actions {
  static absl::StatusOr<std::unique_ptr<ServeClient>> Connect(const Flags& flags) {
    ChannelSecurity security;
    SQUALL_ASSIGN_OR_RETURN(security.ca_pem, ReadPemFile("--ca", flags.ca));
    SQUALL_ASSIGN_OR_RETURN(security.cert_pem, ReadPemFile("--cert", flags.cert));
    SQUALL_ASSIGN_OR_RETURN(security.key_pem, ReadPemFile("--key", flags.key));
    if (!flags.token_file.empty()) {
      SQUALL_ASSIGN_OR_RETURN(security.token, TokenGuard::FromFile(flags.token_file));
    }
    SQUALL_ASSIGN_OR_RETURN(const auto channel, MakeChannel(flags.server, security));
    return std::make_unique<ServeClient>(flags.server, channel);
  }

  // One call; then `print` shows what came, or its JSON is.
  template <typename Request, typename Response, typename Print>
  static int Ask(const Flags& flags,
                 grpc::Status (v1::RunService::Stub::*method)(grpc::ClientContext*, const Request&,
                                                              Response*),
                 const Request& request, const Print& print) {
    const absl::StatusOr<std::unique_ptr<ServeClient>> client = Connect(flags);
    if (!client.ok()) {
      return SayCallFailed(client.status());
    }
    Response response;
    if (const absl::Status status = (*client)->Call(method, request, &response); !status.ok()) {
      return SayCallFailed(status);
    }
    if (flags.json()) {
      fmt::print("{}", Json(response));
    } else {
      print(response);
    }
    return 0;
  }

  static int Agents(const Flags& flags) {
    return Ask(flags, &v1::RunService::Stub::ListAgents, v1::ListAgentsRequest(),
               [](const v1::ListAgentsResponse& response) {
                 fmt::print("{:<24} {:<24} {:>6} {:<10} {}\n", "AGENT", "ADDRESS", "SHARDS",
                            "VERSION", "RUN");
                 for (const v1::JoinedAgent& agent : response.agents()) {
                   fmt::print("{:<24} {:<24} {:>6} {:<10} {}\n", agent.agent().agent_id(),
                              agent.address(), agent.agent().shards(), agent.agent().version(),
                              agent.run_id().empty() ? "-" : agent.run_id());
                 }
               });
  }

  static int Status(const Flags& flags) {
    if (flags.run_id.empty()) {
      return Ask(flags, &v1::RunService::Stub::ListRuns, v1::ListRunsRequest(),
                 [](const v1::ListRunsResponse& response) {
                   fmt::print("{}", RunsText(response.runs()));
                 });
    }
    v1::GetRunRequest request;
    request.set_run_id(flags.run_id);
    return Ask(flags, &v1::RunService::Stub::GetRun, request,
               [](const v1::GetRunResponse& response) {
                 fmt::print("{}", RunText(response.run()));
                 for (const v1::RunEvent& event : response.events()) {
                   fmt::print("{}", EventLine(event));
                 }
               });
  }

  static int Watch(const Flags& flags) { return Follow(flags, flags.run_id); }

  static int Follow(const Flags& flags, const std::string& run_id) {
    const absl::StatusOr<std::unique_ptr<ServeClient>> client = Connect(flags);
    if (!client.ok()) {
      return SayCallFailed(client.status());
    }
    WatchOptions options;
    options.run_id = run_id;
    options.json = flags.json();
    options.terminal = DescribeTerminal(stdout, NoColor(flags.environment));
    return WatchRun(options, client->get(), flags.signals);
  }

  static int Start(const Flags& flags) {
    Plan plan;
    if (const std::optional<int> code = LoadPlanOrSay(flags.run.plan, flags.environment, &plan);
        code.has_value()) {
      return *code;
    }
    v1::CreateRunRequest request;
    const absl::StatusOr<RunSettings> settings = SettingsOf(flags.run);
    const absl::StatusOr<Nanos> wait = ParseTimeSpan(flags.agents_wait);
    if (!settings.ok() || !wait.ok()) {
      fmt::print(stderr, "squall: {}\n",
                 settings.ok() ? "--agents-wait: " + std::string(wait.status().message())
                               : std::string(settings.status().message()));
      return static_cast<int>(ExitCode::kUsage);
    }
    request.set_run_id(flags.run_id);
    if (const absl::Status status = PlanToProto(plan, request.mutable_plan()); !status.ok()) {
      return SayCallFailed(status);
    }
    SettingsToProto(*settings, request.mutable_settings());
    request.mutable_agents()->Assign(flags.agents.begin(), flags.agents.end());
    if (flags.agents_min.has_value()) {
      request.set_agents_min(*flags.agents_min);
    }
    NanosToProto(*wait, request.mutable_agents_wait());
    request.set_fixed_agents(flags.fixed_agents);
    request.set_dry_run(flags.dry_run);
    std::string run_id;
    const int code = Ask(flags, &v1::RunService::Stub::CreateRun, request,
                         [&](const v1::CreateRunResponse& response) {
                           run_id = response.run().run_id();
                           fmt::print("{}\n", flags.dry_run ? "the plan can be run" : run_id);
                         });
    if (code != 0 || flags.detach || flags.dry_run || flags.json()) {
      return code;
    }
    return Follow(flags, run_id);
  }

  static int Update(const Flags& flags, v1::UpdateRunRequest request) {
    request.set_run_id(flags.run_id);
    return Ask(
        flags, &v1::RunService::Stub::UpdateRun, request,
        [](const v1::UpdateRunResponse& response) { fmt::print("{}", RunText(response.run())); });
  }

  static int Scale(const Flags& flags) {
    v1::UpdateRunRequest request;
    if (flags.users.has_value()) {
      request.mutable_users()->set_users(*flags.users);
      request.mutable_users()->set_spawn_rate(flags.spawn_rate);
    } else if (flags.arrival_factor.has_value()) {
      request.set_arrival_factor(*flags.arrival_factor);
    } else if (flags.reset) {
      request.mutable_clear();
    } else {
      fmt::print(stderr,
                 "squall: scale: one of --users, --arrival-factor, --reset must be given\n");
      return static_cast<int>(ExitCode::kUsage);
    }
    return Update(flags, request);
  }

  static int Stages(const Flags& flags) {
    v1::UpdateRunRequest request;
    for (const std::string& text : flags.stages) {
      if (const absl::Status read = ReadStage(text, request.mutable_stages()->add_stages());
          !read.ok()) {
        return SayCallFailed(read);
      }
    }
    return Update(flags, request);
  }

  static int Pause(const Flags& flags) {
    v1::UpdateRunRequest request;
    request.set_paused(true);
    return Update(flags, request);
  }

  static int Resume(const Flags& flags) {
    v1::UpdateRunRequest request;
    request.set_paused(false);
    return Update(flags, request);
  }

  static int Stop(const Flags& flags) {
    v1::StopRunRequest request;
    request.set_run_id(flags.run_id);
    request.set_mode(flags.now ? v1::STOP_MODE_IMMEDIATE : v1::STOP_MODE_GRACEFUL);
    request.set_reason(flags.reason);
    return Ask(
        flags, &v1::RunService::Stub::StopRun, request,
        [](const v1::StopRunResponse& response) { fmt::print("{}", RunText(response.run())); });
  }

  static int Report(const Flags& flags) {
    static const std::map<std::string, v1::ReportFormat> kFormats = {
        {"json", v1::REPORT_FORMAT_JSON},
        {"junit", v1::REPORT_FORMAT_JUNIT},
        {"markdown", v1::REPORT_FORMAT_MARKDOWN},
        {"text", v1::REPORT_FORMAT_TEXT},
        {"csv", v1::REPORT_FORMAT_CSV_STATS},
        {"csv-failures", v1::REPORT_FORMAT_CSV_FAILURES},
        {"csv-exceptions", v1::REPORT_FORMAT_CSV_EXCEPTIONS},
        {"csv-history", v1::REPORT_FORMAT_CSV_HISTORY},
        {"html", v1::REPORT_FORMAT_HTML}};
    v1::GetReportRequest request;
    request.set_run_id(flags.run_id);
    request.set_format(kFormats.at(flags.format));
    absl::Status written;
    const int code =
        Ask(flags, &v1::RunService::Stub::GetReport, request,
            [&](const v1::GetReportResponse& response) {
              if (flags.file.empty()) {
                std::fwrite(response.content().data(), 1, response.content().size(), stdout);
              } else {
                written = WriteFileAtomically(flags.file, response.content());
              }
            });
    return written.ok() ? code : SayCallFailed(written);
  }

  static int Compare(const Flags& flags) {
    v1::CompareRunsRequest request;
    request.set_base_run_id(flags.base_run_id);
    request.set_run_id(flags.run_id);
    Flags as_text = flags;
    as_text.output = "text";  // the response has both forms
    return Ask(as_text, &v1::RunService::Stub::CompareRuns, request,
               [&](const v1::CompareRunsResponse& response) {
                 fmt::print("{}", flags.json() ? response.json() : response.text());
               });
  }

  static int Delete(const Flags& flags) {
    v1::DeleteRunRequest request;
    request.set_run_id(flags.run_id);
    return Ask(flags, &v1::RunService::Stub::DeleteRun, request,
               [&](const v1::DeleteRunResponse& /*response*/) {
                 fmt::print("run '{}' is forgotten\n", flags.run_id);
               });
  }
};

ClientCommands::ClientCommands() : flags_(std::make_unique<Flags>()) {}
ClientCommands::~ClientCommands() = default;

CLI::App* ClientCommands::Add(CLI::App* app, const std::string& name, const std::string& help,
                              Command command) {
  CLI::App* added = app->add_subcommand(name, help);
  added->add_option("--server", flags_->server, "host:port of squall serve ($SQUALL_SERVER)")
      ->capture_default_str();
  added->add_option("--token-file", flags_->token_file, "Its bearer token ($SQUALL_TOKEN_FILE)");
  added->add_option("--ca", flags_->ca, "CA (PEM) of its TLS certificate");
  auto* cert = added->add_option("--cert", flags_->cert, "Our certificate (mTLS)");
  auto* key = added->add_option("--key", flags_->key, "Its key");
  cert->needs(key);
  key->needs(cert);
  added->add_option("--output", flags_->output, "What standard output gets")
      ->check(CLI::IsMember({"text", "json"}));
  commands_.emplace_back(added, command);
  return added;
}

void ClientCommands::Define(CLI::App* app, const Environment& environment, StopSignals* signals) {
  flags_->environment = environment;
  flags_->signals = signals;
  if (const auto server = environment.find("SQUALL_SERVER"); server != environment.end()) {
    flags_->server = server->second;
  }
  if (const auto token = environment.find("SQUALL_TOKEN_FILE"); token != environment.end()) {
    flags_->token_file = token->second;
  }
  Add(app, "agents", "Of a squall serve: the agents that have joined", Actions::Agents);
  Add(app, "status", "Of a squall serve: its runs, or one of them", Actions::Status)
      ->add_option("RUN", flags_->run_id, "Which run; without it: all");
  CLI::App* start =
      Add(app, "start", "Start a run on a squall serve, and follow it", Actions::Start);
  DefineStart(start);
  const auto of_run = [&](const char* name, const char* help, Command command) {
    CLI::App* added = Add(app, name, help, command);
    added->add_option("RUN", flags_->run_id, "Which run")->required();
    return added;
  };
  of_run("watch", "Follow a run of a squall serve to its end", Actions::Watch);
  CLI::App* scale = of_run("scale", "Change the load of a run that goes on", Actions::Scale);
  scale->add_option("-u,--users", flags_->users, "So many users from now on");
  scale->add_option("-r,--spawn-rate", flags_->spawn_rate, "Users started or stopped per second")
      ->capture_default_str();
  scale->add_option("--arrival-factor", flags_->arrival_factor,
                    "Open model: multiplies the planned rate");
  scale->add_flag("--reset", flags_->reset, "Back to the plan's profile");
  of_run("stages", "Put other stages in the place of a run's profile", Actions::Stages)
      ->add_option("STAGE", flags_->stages,
                   "DURATION:USERS[:SPAWN_RATE], as 30s:50:10; from the run's start on")
      ->required();
  of_run("pause", "Let users finish their task and start no other", Actions::Pause);
  of_run("resume", "End a pause", Actions::Resume);
  CLI::App* stop = of_run("stop", "End a run", Actions::Stop);
  stop->add_flag("--now", flags_->now, "Cut off what is open");
  stop->add_option("--reason", flags_->reason, "For the report");
  CLI::App* report = of_run("report", "Print the report of a run", Actions::Report);
  report->add_option("--format", flags_->format, "Of the report")
      ->check(CLI::IsMember({"text", "json", "junit", "markdown", "html", "csv", "csv-failures",
                             "csv-exceptions", "csv-history"}))
      ->capture_default_str();
  report->add_option("-o,--file", flags_->file, "Write it to this file");
  CLI::App* compare = Add(app, "compare", "Set two runs side by side", Actions::Compare);
  compare->add_option("BASE", flags_->base_run_id, "What it was")->required();
  compare->add_option("RUN", flags_->run_id, "What it is")->required();
  of_run("delete", "Forget a run that is over", Actions::Delete);
}

void ClientCommands::DefineStart(CLI::App* start) {
  start->add_option("PLAN,-f,--locustfile", flags_->run.plan.files, "Plan files, merged in order")
      ->required()
      ->delimiter(',');
  start->add_option("--set", flags_->run.plan.sets, "Overrides a value of the plan")->take_all();
  start->add_option("-H,--host", flags_->run.host, "Base URL of the target");
  start->add_option("-u,--users", flags_->run.users, "Users; replaces the plan's profile");
  start->add_option("-r,--spawn-rate", flags_->run.spawn_rate, "Users started per second");
  start->add_option("--arrival-rate", flags_->run.arrival_rate,
                    "Task runs begun per second, at the peak; instead of users");
  start->add_option("-t,--run-time", flags_->run.run_time, "Ends the run after it");
  start->add_option("-i,--iterations", flags_->run.iterations, "Ends after so many task runs");
  start->add_option("-T,--tags", flags_->run.tags, "Only tasks with one of these tags")
      ->delimiter(',');
  start
      ->add_option("-E,--exclude-tags", flags_->run.exclude_tags, "No tasks with one of these tags")
      ->delimiter(',');
  start->add_option("--id", flags_->run_id, "What the run is called; default: chosen");
  start->add_option("--agents", flags_->agents, "Run on these (names as in squall agents)")
      ->delimiter(',');
  start
      ->add_option("--agents-min", flags_->agents_min,
                   "Wait for so many agents (default: those of --agents, or one)")
      ->check(CLI::Range(1U, 10'000U));
  start->add_option("--agents-wait", flags_->agents_wait, "For how long")->capture_default_str();
  start->add_flag("--fixed-agents", flags_->fixed_agents, "Agents that join later are left out");
  start->add_flag("--detach", flags_->detach, "Do not follow the run");
  start->add_flag("--dry-run", flags_->dry_run, "Only check the plan");
}

std::optional<int> ClientCommands::Run() {
  for (const auto& [app, command] : commands_) {
    if (*app) {
      return command(*flags_);
    }
  }
  return std::nullopt;
}

}  // namespace squall
