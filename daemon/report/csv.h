// Locust's four CSV files, header for header: <prefix>_stats.csv, _stats_history.csv, _failures.csv
// and _exceptions.csv. CRLF, minimal quoting, times in milliseconds (with decimals, which Locust
// rounds away). Unlike Locust's they are complete to the last request: write once more at the end.
//
// A text cell that a spreadsheet would run as a formula gets a leading apostrophe.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "daemon/base/clock.h"
#include "daemon/base/file.h"
#include "daemon/report/report.h"
#include "daemon/stats/snapshot.h"

namespace squall {

// One cell of text (a name or an error): cleaned, defused and quoted.
std::string CsvText(std::string_view text);

std::string StatsCsv(const Snapshot& now);
std::string FailuresCsv(const Snapshot& now);
// `agents` say where an error happened; none: "local".
std::string ExceptionsCsv(const Snapshot& now, const std::vector<const Snapshot*>& agents);

std::string ExceptionsCsv(const RunReport& report);
// The history of a run that is over, from its time line: a row for each point of it, for the total
// alone. What a time line does not keep is N/A: percentiles but 50, 95 and 99, and the times of the
// totals.
std::string HistoryCsv(const RunReport& report);

struct CsvOptions {
  std::string prefix;         // path and beginning of the names
  bool full_history = false;  // a history row for every name, not only the total
};

// Keeps the four files while a run goes on. One owner, one thread. The first row of the history is
// of the first Write; rates and percentiles there cover the last ten seconds (Locust's documented
// meaning; its totals-only files hold percentiles since the start instead).
class CsvReport final {
  struct Passkey {};

 public:
  // Creates the files, so that a wrong path is an error before any load.
  static absl::StatusOr<std::unique_ptr<CsvReport>> Create(CsvOptions options);

  // Call it every second and once more with the last snapshot. A snapshot that is not newer than
  // the one before adds no row of history.
  absl::Status Write(const Snapshot& merged, const std::vector<const Snapshot*>& agents);

  // For Create alone.
  CsvReport(Passkey, CsvOptions options, AppendFile history);

 private:
  // What the window of the history needs to remember of an entry.
  struct Past {
    uint64_t requests = 0;
    uint64_t failures = 0;
    Histogram response;
  };
  struct Second {
    Nanos elapsed{0};
    std::map<EntryKey, Past> entries;
    Past total;
  };

  std::string HistoryRows(const Snapshot& merged) const;
  std::string HistoryRow(const Snapshot& merged, const EntryKey& key, const EntryStats& stats,
                         const Past& before, Nanos window) const;
  void Remember(const Snapshot& merged);
  void ForgetBefore(Nanos window_start);

  const CsvOptions options_;
  AppendFile history_;
  std::deque<Second> past_;  // oldest first, about ten seconds
};

}  // namespace squall
