#include "daemon/programs/plan_commands.h"

#include <cstdio>
#include <utility>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "daemon/base/units.h"
#include "daemon/coordinator/exit_code.h"
#include "daemon/engine/program.h"
#include "daemon/plan/json_schema.h"
#include "daemon/plan/output_target.h"
#include "daemon/plan/profile.h"
#include "daemon/plan/run_settings.h"
#include "daemon/plan/value.h"
#include "daemon/programs/sibling.h"
#include "daemon/protocol/http/http_protocol.h"
#include "daemon/report/options.h"

namespace squall {
namespace {

int Fail(ExitCode code, const absl::Status& status) {
  fmt::print(stderr, "squall: {}\n", std::string(status.message()));
  return static_cast<int>(code);
}

std::string Percent(double part, double whole) {
  return fmt::format("{:5.1f} %", whole > 0 ? 100 * part / whole : 0);
}

std::string OutputsText(const Outputs& outputs) {
  std::string text;
  if (outputs.traces.has_value() && outputs.traces->sample > 0) {
    text += fmt::format("Traces    {}, {:g} % of the requests\n",
                        ShownUrl(outputs.traces->endpoint), 100 * outputs.traces->sample);
  }
  for (const MetricOutput& output : outputs.metrics) {
    text += fmt::format("Metrics   {}, every {}\n", ShownOutput(output),
                        FormatTimeSpan(output.interval));
  }
  return text;
}

std::string InspectText(const Plan& plan, const Profile& profile) {
  const std::optional<Nanos> duration = profile.Duration();
  std::string text = fmt::format("Plan      {}\nTarget    {}\nLoad      {}\n", plan.name,
                                 plan.service.base_url, DescribeLoad(plan.load_profile));
  text += fmt::format("Duration  {}\n", duration.has_value() ? FormatTimeSpan(*duration)
                                        : profile.iterations().has_value()
                                            ? "until the iterations are done"
                                            : "until stopped");
  if (profile.IsOpen()) {
    text += fmt::format("Peak      {:g} arrivals/s, at most {} users\n", profile.PeakArrivalRate(),
                        profile.UsersMax());
    if (duration.has_value()) {
      text += fmt::format("Arrivals  {:.0f}\n", profile.ArrivalsBy(*duration));
    }
  } else {
    text += fmt::format("Peak      {} users\n", profile.PeakUsers());
  }
  if (profile.iterations().has_value()) {
    text += fmt::format("Ends      after {} task runs\n", *profile.iterations());
  }
  double class_weights = 0;
  for (const UserClass& item : plan.users) {
    class_weights += item.fixed_count.has_value() ? 0 : item.weight;
  }
  text += "\nTask ratio\n";
  for (const UserClass& item : plan.users) {
    const std::string share = item.fixed_count.has_value()
                                  ? fmt::format("{} users", *item.fixed_count)
                                  : Percent(item.weight, class_weights);
    text += fmt::format("  {:>9}  {}\n", share, item.name);
    double task_weights = 0;
    for (const Task& task : item.tasks) {
      task_weights += task.weight;
    }
    for (const Task& task : item.tasks) {
      text += fmt::format("    {:>9}  {}\n", Percent(task.weight, task_weights), task.name);
    }
  }
  for (const Threshold& threshold : plan.thresholds) {
    text += fmt::format("Threshold  {}\n", threshold.text);
  }
  return text + OutputsText(plan.outputs);
}

// Without what only its own keys would say.
Value OutputsValue(const Outputs& outputs) {
  ValueObject top;
  if (outputs.traces.has_value() && outputs.traces->sample > 0) {
    ValueObject traces;
    traces.emplace_back("endpoint", ShownUrl(outputs.traces->endpoint));
    traces.emplace_back("sample", outputs.traces->sample);
    top.emplace_back("traces", std::move(traces));
  }
  ValueList metrics;
  for (const MetricOutput& output : outputs.metrics) {
    ValueObject fields;
    fields.emplace_back("kind", std::string(OutputKindName(output.kind)));
    fields.emplace_back("to", ShownTarget(output));
    fields.emplace_back("interval_seconds", ToSeconds(output.interval));
    metrics.emplace_back(std::move(fields));
  }
  top.emplace_back("metrics", std::move(metrics));
  return top;
}

Value InspectValue(const Plan& plan, const Profile& profile) {
  ValueObject top;
  top.emplace_back("name", plan.name);
  top.emplace_back("target", plan.service.base_url);
  top.emplace_back("load", DescribeLoad(plan.load_profile));
  const std::optional<Nanos> duration = profile.Duration();
  top.emplace_back("duration_seconds",
                   duration.has_value() ? Value(ToSeconds(*duration)) : Value());
  top.emplace_back("peak_users", static_cast<int64_t>(profile.PeakUsers()));
  top.emplace_back("peak_arrivals_per_second", profile.PeakArrivalRate());
  ValueList classes;
  for (const UserClass& item : plan.users) {
    ValueList tasks;
    for (const Task& task : item.tasks) {
      ValueObject fields;
      fields.emplace_back("name", task.name);
      fields.emplace_back("weight", task.weight);
      tasks.emplace_back(std::move(fields));
    }
    ValueObject fields;
    fields.emplace_back("name", item.name);
    fields.emplace_back("weight", item.weight);
    fields.emplace_back("fixed_count", item.fixed_count.has_value()
                                           ? Value(static_cast<int64_t>(*item.fixed_count))
                                           : Value());
    fields.emplace_back("tasks", std::move(tasks));
    classes.emplace_back(std::move(fields));
  }
  top.emplace_back("users", std::move(classes));
  top.emplace_back("outputs", OutputsValue(plan.outputs));
  return top;
}

}  // namespace

int ValidateCommand(const PlanArguments& arguments, const Environment& environment) {
  Plan plan;
  if (const auto code = LoadPlanOrSay(arguments, environment, &plan); code.has_value()) {
    return *code;
  }
  // Compiling finds what only the engine can know, such as a base URL that is none.
  const HttpProtocol protocol;
  const auto program = CompileProgram(std::make_shared<const Plan>(std::move(plan)), protocol);
  if (!program.ok()) {
    return Fail(ExitCode::kBadPlan, program.status());
  }
  fmt::print("{}: valid\n", arguments.files.back());
  return static_cast<int>(ExitCode::kPassed);
}

int InspectCommand(const RunFlags& flags, const Environment& environment) {
  Plan plan;
  if (const auto code = LoadPlanOrSay(flags.plan, environment, &plan); code.has_value()) {
    return *code;
  }
  const absl::StatusOr<RunSettings> settings = SettingsOf(flags);
  if (!settings.ok()) {
    return Fail(ExitCode::kUsage, settings.status());
  }
  if (const absl::Status status = ApplyRunSettings(*settings, &plan); !status.ok()) {
    return Fail(ExitCode::kBadPlan, status);
  }
  OtelWishes otel = flags.otel;
  if (const auto code = ReadOtelOrSay(environment, &otel); code.has_value()) {
    return *code;
  }
  if (const absl::Status status = ApplyOtel(otel.flags, otel.environment, &plan.outputs);
      !status.ok()) {
    return Fail(ExitCode::kUsage, status);
  }
  const absl::StatusOr<Profile> profile = Profile::Make(plan.load_profile);
  if (!profile.ok()) {
    return Fail(ExitCode::kBadPlan, profile.status());
  }
  if (flags.output == "json") {
    std::string json;
    InspectValue(plan, *profile).AppendJson(&json);
    fmt::print("{}\n", json);
  } else {
    fmt::print("{}", InspectText(plan, *profile));
  }
  return static_cast<int>(ExitCode::kPassed);
}

int SchemaCommand() {
  const std::string schema = PlanJsonSchema();
  std::fwrite(schema.data(), 1, schema.size(), stdout);
  return static_cast<int>(ExitCode::kPassed);
}

int TargetCommand(const std::string& self, const std::vector<std::string>& arguments) {
  const absl::Status status = BecomeSibling(self, "squall-target", arguments);
  fmt::print(stderr, "squall: {}\n", std::string(status.message()));
  return static_cast<int>(ExitCode::kUsage);
}

int CompletionCommand(const CLI::App& app, const std::string& shell) {
  std::string commands;
  std::string cases;
  for (const CLI::App* command : app.get_subcommands({})) {
    commands += (commands.empty() ? "" : " ") + command->get_name();
    std::string flags;
    for (const CLI::Option* option : command->get_options()) {
      for (const std::string& name : option->get_lnames()) {
        flags += (flags.empty() ? "--" : " --") + name;
      }
    }
    if (shell == "fish") {
      cases += fmt::format("complete -c squall -n '__fish_seen_subcommand_from {}' -F -a '{}'\n",
                           command->get_name(), flags);
    } else {
      cases += fmt::format("    {}) words='{}' ;;\n", command->get_name(), flags);
    }
  }
  if (shell == "fish") {
    fmt::print("complete -c squall -n __fish_use_subcommand -f -a '{}'\n{}", commands, cases);
    return static_cast<int>(ExitCode::kPassed);
  }
  fmt::print(
      "{}_squall() {{\n"
      "  local words='{}'\n"
      "  case \"${{COMP_WORDS[1]}}\" in\n{}  esac\n"
      "  if [ \"$COMP_CWORD\" -le 1 ]; then words='{}'; fi\n"
      "  COMPREPLY=($(compgen -W \"$words\" -- \"${{COMP_WORDS[COMP_CWORD]}}\"))\n"
      "  if [ ${{#COMPREPLY[@]}} -eq 0 ]; then\n"
      "    COMPREPLY=($(compgen -f -- \"${{COMP_WORDS[COMP_CWORD]}}\"))\n"
      "  fi\n}}\ncomplete -F _squall squall\n",
      shell == "zsh" ? "autoload -U +X bashcompinit && bashcompinit\n" : "", commands, cases,
      commands);
  return static_cast<int>(ExitCode::kPassed);
}

}  // namespace squall
