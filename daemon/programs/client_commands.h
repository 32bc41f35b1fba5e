// The commands that talk to a `squall serve`: start, agents, status, watch, scale, pause, resume,
// stop, report, compare, delete.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "daemon/programs/run_command.h"

namespace squall {

class ClientCommands final {
 public:
  ClientCommands();
  ~ClientCommands();
  ClientCommands(const ClientCommands&) = delete;
  ClientCommands& operator=(const ClientCommands&) = delete;

  // `environment` and `signals` outlive it. SQUALL_SERVER and SQUALL_TOKEN_FILE in the environment
  // are defaults of flags.
  void Define(CLI::App* app, const Environment& environment, StopSignals* signals);
  // Runs the one that was given; its exit code. Nothing when it was none of these.
  std::optional<int> Run();

 private:
  struct Flags;
  using Command = int (*)(const Flags&);
  struct Actions;
  void DefineStart(CLI::App* start);
  CLI::App* Add(CLI::App* app, const std::string& name, const std::string& help, Command command);

  std::unique_ptr<Flags> flags_;
  std::vector<std::pair<CLI::App*, Command>> commands_;
};

}  // namespace squall
