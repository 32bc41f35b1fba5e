// The status of a LoadTest as it is written: the whole of it, every time, so that server-side apply
// takes away what is no longer true. Pure; any thread.
#pragma once

#include <string>
#include <vector>

#include <boost/json/object.hpp>

#include "operator/loadtest/decide.h"

namespace squall {

struct StatusNotes {
  std::string plan_hash;
  std::vector<std::string> threshold_names;  // of the plan's thresholds, in their order
  std::string report_name;                   // of the ConfigMap; "" while there is none
  std::string report_problem;                // why there is none
};

// Figures that change all the time are renewed once in summaryPeriodSeconds, or together with
// something that does not; else the old ones stay, and the status is as it was.
boost::json::object StatusOf(const Observation& seen, const Decision& decision,
                             const StatusNotes& notes);

}  // namespace squall
