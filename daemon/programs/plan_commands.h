// The commands that look at a plan without running it, and the small ones: validate, inspect,
// schema, target, completion. Each returns the exit code.
#pragma once

#include <string>
#include <vector>

#include "daemon/programs/run_command.h"

namespace CLI {
class App;
}  // namespace CLI

namespace squall {

int ValidateCommand(const PlanArguments& plan, const Environment& environment);
int InspectCommand(const RunFlags& flags, const Environment& environment);
int SchemaCommand();
// Becomes squall-target, which stands beside `self`; returns only when it cannot.
int TargetCommand(const std::string& self, const std::vector<std::string>& arguments);
int CompletionCommand(const CLI::App& app, const std::string& shell);

}  // namespace squall
