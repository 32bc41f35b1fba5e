// The tables that a run prints, column for column as Locust prints them. Response time is what the
// main columns show: from the intended start where a schedule exists, else from the send. Pure
// functions; every line ends with a newline.
#pragma once

#include <string>

#include "daemon/stats/snapshot.h"

namespace squall {

struct TableStyle {
  int columns = 0;      // of the terminal; 0 = not a terminal
  bool colour = false;  // only on a terminal that wants it
};

// Type, Name, # reqs, # fails | Avg, Min, Max, Med | req/s, failures/s. The rates are those since
// the older snapshot `since` (in a run that goes on); nullptr: of the whole measured time.
std::string StatsTable(const Snapshot& now, const Snapshot* since, const TableStyle& style);

// "Response time percentiles (approximated)"; "" without any request, as in Locust.
std::string PercentileTable(const Snapshot& now, const TableStyle& style);

// Response time, service time and start delay side by side; "" without a schedule.
std::string ScheduleTable(const Snapshot& now, const TableStyle& style);

// "Error report"; "" without failures. At most kErrorRowsMax rows, the most frequent first.
inline constexpr size_t kErrorRowsMax = 100;
std::string ErrorReport(const Snapshot& now, const TableStyle& style);

}  // namespace squall
