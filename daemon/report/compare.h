// Two finished runs side by side: what became faster, slower, more or less. Pure functions.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "daemon/report/run_figures.h"
#include "daemon/report/table.h"

namespace squall {

// One figure in both runs; nothing where it was not measured.
struct FigureChange {
  std::optional<double> before;
  std::optional<double> after;

  std::optional<double> Difference() const;  // after - before
  std::optional<double> Percent() const;     // of before; nothing when that is 0
  bool operator==(const FigureChange&) const = default;
};

struct EntryComparison {
  std::string name;
  std::string method;
  FigureChange requests;
  FigureChange failures;
  FigureChange failure_ratio;
  FigureChange requests_per_second;
  FigureChange response_p50_ms;
  FigureChange response_p95_ms;
  FigureChange response_p99_ms;
  bool operator==(const EntryComparison&) const = default;
};

struct RunComparison {
  RunFigures before;
  RunFigures after;
  EntryComparison total;
  std::vector<EntryComparison> entries;   // those in both, sorted by name and method
  std::vector<EntryFigures> only_before;  // in the same order
  std::vector<EntryFigures> only_after;
};

RunComparison CompareRuns(RunFigures before, RunFigures after);

// A table with three lines for each entry: before, after, change. With colour, changes for the
// worse and for the better of more than 5 % (failures: of more than a tenth of a percent of the
// requests) stand out. Every line ends with a newline.
std::string ComparisonTable(const RunComparison& comparison, const TableStyle& style);

// The same for programs; docs/report-json.md is its reference.
std::string ComparisonJson(const RunComparison& comparison);

}  // namespace squall
