// What a person sees while `squall run` goes on: a live table on a terminal, plain lines elsewhere;
// and the files that grow with the run (CSV, JSON lines). Runs on the coordinator's thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "daemon/coordinator/run_coordinator.h"
#include "daemon/programs/sample_files.h"
#include "daemon/programs/terminal.h"
#include "daemon/report/csv.h"

namespace squall {

struct RunConsoleOptions {
  Terminal terminal;          // of standard error
  bool quiet = false;         // nothing but events
  bool only_summary = false;  // no tables during the run
  std::string csv_prefix;     // "" = no CSV
  bool csv_full_history = false;
  std::vector<MetricOutput> outputs;  // those that are files are written
};

class RunConsole final : public RunObserver {
 public:
  // Creates the files, so that a wrong path fails before any load.
  static absl::StatusOr<std::unique_ptr<RunConsole>> Make(RunConsoleOptions options);

  void OnStarted(const Plan& plan, const Profile& profile) override;
  void OnTick(const RunProgress& progress) override;
  void OnEvent(std::string_view text) override;

  // Writes the last figures into the files; call it with the finished run.
  absl::Status Finish(const RunReport& report);

 private:
  RunConsole(RunConsoleOptions options, std::unique_ptr<CsvReport> csv, SampleFiles samples);

  const RunConsoleOptions options_;
  std::unique_ptr<CsvReport> csv_;
  SampleFiles samples_;
  std::string plan_name_;
  std::string host_;
  size_t drawn_lines_ = 0;
  int ticks_ = 0;
  bool csv_broken_ = false;
};

}  // namespace squall
