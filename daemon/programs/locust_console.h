// What a run shows when the program is called as `locust`: Locust's log lines and tables on
// standard error, so that scripts and eyes that know them need not learn anything.
#pragma once

#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/clock.h"
#include "daemon/coordinator/run_coordinator.h"
#include "daemon/programs/sample_files.h"
#include "daemon/report/csv.h"
#include "daemon/report/table.h"

namespace squall {

// "[2026-01-31 12:00:00,123] host/INFO/locust.main: text" and a newline; local time.
std::string LocustLogLine(WallTime at, std::string_view host, std::string_view level,
                          std::string_view logger, std::string_view text);

struct LocustConsoleOptions {
  TableStyle style;        // of standard error
  bool tables = true;      // during the run
  bool log = true;         // our lines; Python's are its own
  std::string log_file;    // instead of standard error
  std::string csv_prefix;  // "" = no CSV
  bool csv_full_history = false;
  std::vector<MetricOutput> outputs;  // those that are files are written
  std::optional<Nanos> run_time;
};

class LocustConsole final : public RunObserver {
 public:
  // Creates the files, so that a wrong path fails before any load.
  static absl::StatusOr<std::unique_ptr<LocustConsole>> Make(LocustConsoleOptions options,
                                                             const Clock* clock);
  ~LocustConsole() override;

  void OnStarted(const Plan& plan, const Profile& profile) override;
  void OnTick(const RunProgress& progress) override;
  void OnEvent(std::string_view text) override;

  // The last tables, and the last figures into the CSV files.
  absl::Status Finish(const RunReport& report);

 private:
  LocustConsole(LocustConsoleOptions options, const Clock* clock);
  void Log(std::string_view level, std::string_view logger, std::string_view text);

  const LocustConsoleOptions options_;
  const Clock* const clock_;
  std::string host_;
  std::FILE* log_ = nullptr;  // owned, unless it is stderr
  std::unique_ptr<CsvReport> csv_;
  SampleFiles samples_;
  int ticks_ = 0;
  bool csv_broken_ = false;
  bool limit_told_ = false;
};

}  // namespace squall
