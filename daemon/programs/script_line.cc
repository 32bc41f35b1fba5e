#include "daemon/programs/script_line.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <iterator>
#include <system_error>

#include <CLI/CLI.hpp>

#include "daemon/coordinator/exit_code.h"
#include "daemon/programs/run_flags.h"

namespace squall {
namespace {

constexpr std::array<std::string_view, 2> kFileFlags = {"-f", "--locustfile"};

bool EndsWithAny(std::string_view text, std::initializer_list<std::string_view> ends) {
  return std::any_of(ends.begin(), ends.end(),
                     [text](std::string_view end) { return text.ends_with(end); });
}

bool IsPlan(std::string_view file) { return EndsWithAny(file, {".yaml", ".yml", ".json"}); }

bool IsLocustfile(const std::string& file) {
  std::error_code error;
  return file.ends_with(".py") || std::filesystem::is_directory(file, error);
}

// What -f names; several with commas.
std::vector<std::string> NamedFiles(const std::vector<std::string>& arguments) {
  std::vector<std::string> files;
  const auto add = [&files](std::string_view list) {
    while (!list.empty()) {
      const size_t comma = list.find(',');
      files.emplace_back(list.substr(0, comma));
      list = comma == std::string_view::npos ? "" : list.substr(comma + 1);
    }
  };
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::string_view argument = arguments[i];
    for (const std::string_view flag : kFileFlags) {
      if (argument == flag && i + 1 < arguments.size()) {
        add(arguments[i + 1]);
      } else if (flag.starts_with("--") && argument.starts_with(std::string(flag) + "=")) {
        add(argument.substr(flag.size() + 1));
      } else if (flag == "-f" && argument.starts_with("-f") && argument.size() > 2) {
        add(argument.substr(2));
      }
    }
  }
  return files;
}

// `squall run x.py` as the locustfile's parser knows it.
bool NamePositionalFile(std::vector<std::string>* arguments) {
  for (size_t i = 0; i < arguments->size(); ++i) {
    const std::string& argument = (*arguments)[i];
    const bool after_flag = i > 0 && (*arguments)[i - 1].starts_with("--");
    if (!argument.starts_with('-') && argument.ends_with(".py") && !after_flag) {
      arguments->insert(arguments->begin() + static_cast<ptrdiff_t>(i), "-f");
      return true;
    }
  }
  return false;
}

}  // namespace

bool IsLocust(std::string_view program) {
  return program.substr(program.rfind('/') + 1) == "locust";
}

std::optional<ScriptLine> FindScriptLine(std::string_view program,
                                         const std::vector<std::string>& arguments) {
  ScriptLine line;
  line.as_locust = IsLocust(program);
  line.arguments = arguments;
  if (HasFlag(line, "--worker")) {
    return std::nullopt;
  }
  if (line.as_locust) {
    const std::vector<std::string> files = NamedFiles(arguments);
    const bool is_plan = std::any_of(files.begin(), files.end(), IsPlan);
    return is_plan ? std::nullopt : std::optional(std::move(line));
  }
  if (arguments.empty() || (arguments[0] != "run" && !arguments[0].starts_with('-'))) {
    return std::nullopt;
  }
  if (arguments[0] == "run") {
    line.arguments.erase(line.arguments.begin());
  }
  const std::vector<std::string> files = NamedFiles(line.arguments);
  if (files.empty() ? NamePositionalFile(&line.arguments)
                    : std::any_of(files.begin(), files.end(), IsLocustfile)) {
    return line;
  }
  return std::nullopt;
}

std::optional<int> TakeOurFlags(ScriptLine* line, RunFlags* flags) {
  CLI::App app("Squall", line->as_locust ? "locust" : "squall run");
  app.set_help_flag();  // Locust's -h is the locustfile's
  app.allow_extras();
  AddLoadFlags(&app, flags, FlagWords::kOurs);
  AddOutputFlags(&app, flags, FlagWords::kOurs, line->as_locust);
  AddWebFlags(&app, &flags->web, WebFlagSet::kScript);
  AddAgentFlags(&app, flags, FlagWords::kOurs);
  AddMetricsFlags(&app, &flags->metrics_listen, &flags->metrics_insecure);
  AddOtelFlags(&app, &flags->otel.flags);
  try {
    // CLI11 takes them in reverse, and gives back in order what it does not know.
    app.parse(std::vector<std::string>(line->arguments.rbegin(), line->arguments.rend()));
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : static_cast<int>(ExitCode::kUsage);
  }
  line->arguments = app.remaining();
  return std::nullopt;
}

bool HasFlag(const ScriptLine& line, std::string_view flag) {
  return std::any_of(line.arguments.begin(), line.arguments.end(),
                     [&](const std::string& argument) {
                       return argument == flag || argument.starts_with(std::string(flag) + "=");
                     });
}

}  // namespace squall
