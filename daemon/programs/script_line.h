// Tells a command line that runs a locustfile from one that runs a plan, and takes it apart: what
// is ours, and what the locustfile's own parser (Locust's words, the file's arguments, names of
// user classes) shall see. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/programs/run_command.h"

namespace squall {

struct ScriptLine {
  bool as_locust = false;              // the program was called as `locust`
  std::vector<std::string> arguments;  // without the program and `run`
};

// Whether the program was called by Locust's name.
bool IsLocust(std::string_view program);

// Nothing when the line is of another kind: a plan, another command, a worker (which gets its
// locustfile from elsewhere). `program` is argv[0].
std::optional<ScriptLine> FindScriptLine(std::string_view program,
                                         const std::vector<std::string>& arguments);

// Takes what is ours off line->arguments. The exit code when that has been printed or was wrong.
std::optional<int> TakeOurFlags(ScriptLine* line, RunFlags* flags);

// Whether it holds the flag, also as --flag=value.
bool HasFlag(const ScriptLine& line, std::string_view flag);

}  // namespace squall
