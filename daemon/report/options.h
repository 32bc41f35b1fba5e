// The part of a plan that a report repeats. Pure functions.
#pragma once

#include <string>

#include "daemon/plan/plan.h"
#include "daemon/plan/profile.h"
#include "daemon/report/report.h"

namespace squall {

// `profile`: the one that is followed, which others than the plan's may have replaced.
RunOptions ReportOptions(const Plan& plan, const Profile& profile);

// The load in words, on one line: "100 users at 10/s", "spike: 50 users, 500 after 5m for 2m, …".
std::string DescribeLoad(const LoadProfile& load);

}  // namespace squall
